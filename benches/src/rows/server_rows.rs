use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::caller::{Caller, Era, Work};
use crate::measure::{interleaved, median};
use crate::report::{BenchResult, Row, Target, Unit};
use crate::rows::Options;
use crate::served::Served;

const CONNECTIONS: usize = 16;
const PEER: &str = "rmcp";

/// One comparison: a tool of ours on a store, against an echo on bare rmcp.
struct Case {
    era: Era,
    work: Work,
    durable: bool,
    name: &'static str,
    target: f64,
    /// The name and the target of a second row, on processor time.
    processor: Option<(&'static str, f64)>,
}

const CASES: [Case; 5] = [
    Case {
        era: Era::Stateless,
        work: Work::Echo,
        durable: false,
        name: "2026: tools/call, memory / bare rmcp",
        target: 0.98,
        processor: Some(("2026: processor time per call, memory / rmcp", 1.02)),
    },
    Case {
        era: Era::Session,
        work: Work::Echo,
        durable: false,
        name: "2025 session: tools/call, memory / rmcp local",
        target: 1.2,
        processor: Some(("2025 session: processor time per call / rmcp local", 0.85)),
    },
    Case {
        era: Era::Session,
        work: Work::Echo,
        durable: true,
        name: "2025 session: tools/call, sqlite FULL / rmcp local",
        target: 0.9,
        processor: None,
    },
    Case {
        era: Era::Stateless,
        work: Work::Count,
        durable: false,
        name: "2026: call updates a handle, memory / rmcp echo",
        target: 0.85,
        processor: None,
    },
    Case {
        era: Era::Stateless,
        work: Work::Count,
        durable: true,
        name: "2026: call updates a handle, sqlite FULL / rmcp echo",
        target: 0.5,
        processor: None,
    },
];

/// `tools/call` over HTTP by 16 clients with a connection each, against the same tool on bare rmcp. Each side is a process
/// of its own.
pub(crate) async fn rows(options: &Options) -> BenchResult<Vec<Row>> {
    let mut rows = Vec::new();
    for case in CASES {
        rows.extend(rows_of(&case, options).await?);
    }
    Ok(rows)
}

async fn rows_of(case: &Case, options: &Options) -> BenchResult<Vec<Row>> {
    let (folder, window) = (options.folder()?, options.window());
    let store = match case.durable {
        true => format!("sqlite:{}", folder.path().join("ours.db").display()),
        false => "memory:".to_owned(),
    };
    let mut ours = Side::start(&std::env::current_exe()?, &["--serve", &store], case.era, case.work).await?;
    let peer = options.peers.iter().find(|peer| peer.name == PEER);
    let (rates, processor) = match peer {
        Some(peer) => {
            let mut theirs = Side::start(&peer.program, &[], case.era, Work::Echo).await?;
            let rates = interleaved(async || ours.round(window).await, async || theirs.round(window).await).await?;
            ((rates.0, Some(rates.1)), (ours.processor_time(), Some(theirs.processor_time())))
        }
        None => {
            let rounds = vec![ours.round(window).await?, ours.round(window).await?, ours.round(window).await?];
            ((median(rounds), None), (ours.processor_time(), None))
        }
    };
    let row = |name: &str, unit, (ours, theirs), target| Row { name: name.to_owned(), unit, ours, theirs, target };
    let mut rows = vec![row(case.name, Unit::PerSecond, rates, Target::Ratio(case.target))];
    let second = |(name, most)| row(name, Unit::Microseconds, processor, Target::RatioAtMost(most));
    rows.extend(case.processor.map(second));
    Ok(rows)
}

/// A server and who calls it.
struct Side {
    served: Served,
    callers: Vec<Caller>,
    /// Microseconds of the server's processor time per call, by round.
    processor: Vec<f64>,
}

impl Side {
    async fn start(program: &Path, arguments: &[&str], era: Era, work: Work) -> BenchResult<Self> {
        let served = Served::start(program, arguments).await?;
        let open = |address: SocketAddr| async move { Caller::open(address, era, work).await };
        let callers = futures_util::future::try_join_all((0..CONNECTIONS).map(|_| open(served.address))).await?;
        Ok(Self { served, callers, processor: Vec::new() })
    }

    /// Calls on all connections for a while: calls per second.
    async fn round(&mut self, window: Duration) -> BenchResult<f64> {
        let (before, start) = (self.served.processor_time()?, Instant::now());
        let tasks: Vec<_> =
            self.callers.drain(..).map(|caller| tokio::spawn(call_for(caller, start, window))).collect();
        let mut calls = 0;
        for task in tasks {
            let (caller, made) = task.await??;
            self.callers.push(caller);
            calls += made;
        }
        let (elapsed, used) = (start.elapsed(), self.served.processor_time()? - before);
        self.processor.push(used.as_secs_f64() * 1e6 / calls as f64);
        Ok(calls as f64 / elapsed.as_secs_f64())
    }

    /// The median of the rounds but the first, which warms up.
    fn processor_time(&self) -> f64 {
        median(self.processor.get(1..).unwrap_or_default().to_vec())
    }
}

async fn call_for(mut caller: Caller, start: Instant, window: Duration) -> BenchResult<(Caller, u64)> {
    let mut calls = 0;
    while start.elapsed() < window {
        caller.step().await?;
        calls += 1;
    }
    Ok((caller, calls))
}
