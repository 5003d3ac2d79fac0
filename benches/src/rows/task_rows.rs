use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use fastestmcp_core::task::{Guard, ReplaceOutcome, ReplaceRequest, TaskBackend, Then};
use fastestmcp_store_memory::MemoryStore;
use fastestmcp_store_sqlite::SqliteStore;
use rusqlite::Connection;

use crate::measure::{ROUNDS, median};
use crate::payload::bytes_of;
use crate::report::{BenchError, BenchResult, Row, Target, Unit};
use crate::rows::Options;
use crate::rows::postgres::Server;
use crate::rows::tasks::{claim, fill, new_task};
use crate::rows::values::seed;

const REQUEST_BYTES: usize = 256 << 10;
const PROGRESS_WRITES: usize = 50;
const CLAIMS_PER_ROUND: usize = 40;

/// Log bytes that one progress write of a task with a large request costs.
pub(crate) async fn progress_rows(options: &Options) -> BenchResult<Vec<Row>> {
    let folder = options.folder()?;
    let path = folder.path().join("ours.db");
    let store = SqliteStore::open(&path).await?;
    let mut task = new_task("large");
    task.spec = bytes_of(seed(), REQUEST_BYTES);
    store.insert(task).await?;
    let leased = store.claim(claim(1)).await?.value.tasks.pop().ok_or_else(|| BenchError::wrong("nothing to claim"))?;
    let mut guard = Guard { version: leased.head.version, token: leased.head.lease.map(|lease| lease.token) };
    let log = path.with_extension("db-wal");
    // A reader's snapshot keeps the log from starting anew, so that its growth is what was written.
    let reader = Connection::open(&path)?;
    reader.execute_batch("BEGIN")?;
    reader.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0))?;
    let before = length(&log)?;
    for _ in 0..PROGRESS_WRITES {
        let state = bytes_of(seed(), 256);
        let request = ReplaceRequest::new(leased.head.id.clone(), guard, 1, state, Then::KeepLease);
        match store.replace(request).await?.value {
            ReplaceOutcome::Replaced(head) => guard.version = head.version,
            other => return Err(BenchError::wrong(format!("a progress write answered {other:?}"))),
        }
    }
    let ours = (length(&log)? - before) / PROGRESS_WRITES as f64;
    let name = "sqlite FULL: log bytes per progress write, 256 KiB request".to_owned();
    Ok(vec![Row { name, unit: Unit::Bytes, ours, theirs: None, target: Target::AtMost(16_384.0) }])
}

fn length(path: &Path) -> BenchResult<f64> {
    Ok(std::fs::metadata(path)?.len() as f64)
}

/// The latency of a claim of one task where many are delayed or queued, against one where few are.
pub(crate) async fn claim_rows(options: &Options) -> BenchResult<Vec<Row>> {
    let folder = options.folder()?;
    let mut rows = claim_rows_of("memory", async |_| Ok(Arc::new(MemoryStore::new()) as _), options).await?;
    let open = async |name: &str| Ok(Arc::new(SqliteStore::open(folder.path().join(name)).await?) as _);
    rows.extend(claim_rows_of("sqlite FULL", open, options).await?);
    let server = Server::start()?;
    let open = async |name: &str| Ok(Arc::new(server.open(name).await?) as _);
    rows.extend(claim_rows_of("postgres", open, options).await?);
    Ok(rows)
}

async fn claim_rows_of(
    backend: &str,
    open: impl AsyncFn(&str) -> BenchResult<Arc<dyn TaskBackend>>,
    options: &Options,
) -> BenchResult<Vec<Row>> {
    let scale = if options.quick { 10 } else { 1 };
    let (many_delayed, many_queued) = (500_000 / scale, 1_000_000 / scale);
    let (few, delayed, queued) = (open("few.db").await?, open("delayed.db").await?, open("queued.db").await?);
    fill(&few, 1_000, |_| {}).await?;
    fill(&delayed, 1_000, |_| {}).await?;
    let hold =
        |task: &mut fastestmcp_core::task::NewTask| (task.priority, task.delay) = (9, Duration::from_secs(86_400));
    fill(&delayed, many_delayed, hold).await?;
    fill(&queued, many_queued, |_| {}).await?;
    let mut medians = [Vec::new(), Vec::new(), Vec::new()];
    for round in 0..=ROUNDS {
        for (store, medians) in [&few, &delayed, &queued].into_iter().zip(&mut medians) {
            let took = claims(store).await?;
            if round > 0 {
                medians.push(took);
            }
        }
    }
    let [few, delayed, queued] = medians.map(median);
    let row = |what: String, ours| Row {
        name: format!("{backend}: claim, {what} / 1000 queued"),
        unit: Unit::Milliseconds,
        ours,
        theirs: Some(few),
        target: Target::RatioAtMost(1.5),
    };
    Ok(vec![row(format!("{many_delayed} delayed"), delayed), row(format!("{many_queued} queued"), queued)])
}

/// The median time of a claim, in milliseconds.
async fn claims(store: &Arc<dyn TaskBackend>) -> BenchResult<f64> {
    let mut took = Vec::new();
    for _ in 0..CLAIMS_PER_ROUND {
        let start = Instant::now();
        let claimed = (**store).claim(claim(1)).await?.value;
        took.push(start.elapsed().as_secs_f64() * 1_000.0);
        if claimed.tasks.len() != 1 {
            return Err(BenchError::wrong("a claim found nothing"));
        }
    }
    Ok(median(took))
}
