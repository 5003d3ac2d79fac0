use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use fastestmcp_benches::HEAP;
use fastestmcp_core::session::ScopeKind;
use rusqlite::{Connection, OpenFlags};
use tempfile::TempDir;
use tokio::time::sleep;

use crate::caller::{Caller, Era, Work};
use crate::measure::median;
use crate::report::{BenchError, BenchResult, Row, Target, Unit};
use crate::rows::Options;
use crate::served::Served;

/// The binary beside this one whose allocator counts.
const PROGRAM: &str = "fastestmcp-bench-heap";
const CONNECTIONS: usize = 16;
/// Sessions that are opened and ended before it counts, so that caches, pools and tables are as large as they are at work.
const WARM_UP: usize = 5_000;
/// Until what ending them began has ended, once no row of them is left.
const SETTLED: Duration = Duration::from_secs(3);
/// Until no row of any is left: they expire, and sweeps come each 10 s.
const SWEPT: Duration = Duration::from_secs(300);
/// How often the heap is looked at; the median is the number.
const LOOKS: usize = 9;
const BETWEEN_LOOKS: Duration = Duration::from_millis(500);
/// Seconds that a session lives where it is to be ended.
const ENDLESS: u64 = 3_600;

/// What is left on the heaps of two nodes on one SQLite file of sessions of 2025 that were opened on the one, called a tool
/// each, all lived at once, and were ended: by DELETE on the other, or because nobody used them. The heap is what jemalloc
/// has given out and not got back, to SQLite as well.
pub(crate) async fn rows(options: &Options) -> BenchResult<Vec<Row>> {
    let sessions = if options.quick { 10_000 } else { 100_000 };
    let mut rows = Nodes::start(options, None).await?.rows(sessions, "deleted").await?;
    let idle = if options.quick { 15 } else { 90 };
    rows.extend(Nodes::start(options, Some(idle)).await?.rows(sessions, "expired").await?);
    Ok(rows)
}

/// Two nodes on one file.
struct Nodes {
    file: PathBuf,
    opening: Served,
    ending: Served,
    /// Sessions are ended by DELETE, and not left to expire.
    deletes: bool,
    _folder: TempDir,
}

impl Nodes {
    /// Sessions live so many seconds, or until they are ended.
    async fn start(options: &Options, idle: Option<u64>) -> BenchResult<Self> {
        let program = std::env::current_exe()?.with_file_name(PROGRAM);
        if !program.exists() {
            return Err(BenchError::wrong(format!("{} is not there: cargo xtask bench builds it", program.display())));
        }
        let folder = options.folder()?;
        let file = folder.path().join("ours.db");
        let (store, seconds) = (format!("sqlite:{}", file.display()), idle.unwrap_or(ENDLESS).to_string());
        let arguments = ["--serve", &store, "--session-idle", &seconds];
        let opening = Served::start(&program, &arguments).await?;
        let ending = Served::start(&program, &arguments).await?;
        Ok(Self { file, opening, ending, deletes: idle.is_none(), _folder: folder })
    }

    async fn rows(self, sessions: usize, how: &str) -> BenchResult<Vec<Row>> {
        self.open_and_end(WARM_UP).await?;
        let before = self.measured().await?;
        self.open_and_end(sessions).await?;
        let after = self.measured().await?;
        let nodes = ["the node that opened", "the other node"];
        let row = |unit_of: &str, node: usize, at: fn(&Measured) -> f64, target| Row {
            name: format!("{sessions} sessions {how}: {unit_of} of {}", nodes[node]),
            unit: Unit::Bytes,
            ours: at(&after[node]) - at(&before[node]),
            theirs: None,
            target,
        };
        let heap = |node| row("heap", node, |measured| measured.heap, Target::AtMost(f64::from(1 << 20)));
        let resident = |node| row("memory", node, |measured| measured.resident, Target::Shown);
        Ok(vec![heap(0), heap(1), resident(0), resident(1)])
    }

    /// Opens so many sessions, and ends them when all are open: no row of any is left in the file.
    async fn open_and_end(&self, sessions: usize) -> BenchResult<()> {
        let opening = (0..CONNECTIONS).map(|_| tokio::spawn(open(self.opening.address, sessions / CONNECTIONS)));
        let mut opened = Vec::new();
        for task in opening.collect::<Vec<_>>() {
            opened.push(task.await??);
        }
        if self.deletes {
            let ending = opened.into_iter().map(|sessions| tokio::spawn(end(self.ending.address, sessions)));
            for task in ending.collect::<Vec<_>>() {
                task.await??;
            }
        }
        let since = Instant::now();
        while self.sessions_left()? > 0 {
            if since.elapsed() > SWEPT {
                return Err(BenchError::wrong("sessions are left that have ended"));
            }
            sleep(Duration::from_secs(1)).await;
        }
        sleep(SETTLED).await;
        Ok(())
    }

    /// Rows of sessions, and sessions whose values are still to be removed.
    fn sessions_left(&self) -> BenchResult<i64> {
        let connection = Connection::open_with_flags(&self.file, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        connection.busy_timeout(SETTLED)?;
        let count = "SELECT (SELECT count(*) FROM scope WHERE kind = ?1) + (SELECT count(*) FROM grave)";
        Ok(connection.query_row(count, [ScopeKind::Session.code()], |row| row.get(0))?)
    }

    /// What they take while nobody is connected but who asks.
    async fn measured(&self) -> BenchResult<[Measured; 2]> {
        Ok([measured(&self.opening).await?, measured(&self.ending).await?])
    }
}

async fn measured(node: &Served) -> BenchResult<Measured> {
    let mut asking = Caller::open(node.address, Era::Stateless, Work::Echo).await?;
    let mut heaps = Vec::new();
    for _ in 0..LOOKS {
        sleep(BETWEEN_LOOKS).await;
        heaps.push(asking.tool(HEAP).await?.parse().map_err(BenchError::wrong)?);
    }
    Ok(Measured { heap: median(heaps), resident: node.resident()? as f64 })
}

/// Of one node, in bytes.
struct Measured {
    heap: f64,
    resident: f64,
}

/// Opens so many sessions on a connection, and calls a tool in each.
async fn open(node: SocketAddr, sessions: usize) -> BenchResult<Vec<String>> {
    let mut caller = Caller::open(node, Era::Session, Work::Echo).await?;
    let mut opened = Vec::new();
    loop {
        caller.step().await?;
        opened.push(caller.session().to_owned());
        if opened.len() >= sessions {
            return Ok(opened);
        }
        caller.initialize().await?;
    }
}

async fn end(node: SocketAddr, sessions: Vec<String>) -> BenchResult<()> {
    let mut caller = Caller::open(node, Era::Stateless, Work::Echo).await?;
    for session in sessions {
        caller.end(&session).await?;
    }
    Ok(())
}
