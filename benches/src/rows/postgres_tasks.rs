use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use fastestmcp_core::task::TaskBackend;
use futures_util::future::try_join_all;

use crate::measure::{interleaved, median};
use crate::report::{BenchError, BenchResult, Row, Target, Unit};
use crate::rows::Options;
use crate::rows::postgres::Server;
use crate::rows::tasks::{Crew, claim, complete, fill, pipeline};

const BATCHED: Crew = Crew { producers: 256, workers: 4, batch: 32 };
const ONE_BY_ONE: Crew = Crew { producers: 256, workers: 4, batch: 1 };

/// Tasks from insert over claim to completion, each step durable: in batches, one by one, and by another queue.
pub(crate) async fn pipeline_rows(options: &Options) -> BenchResult<Vec<Row>> {
    let scale = if options.quick { 10 } else { 1 };
    let server = Server::start()?;
    let store: Arc<dyn TaskBackend> = Arc::new(server.open("ours").await?);
    let name = |other: &str| format!("postgres: tasks, 256 producers, claim batch 32 / {other}");
    let row = |other: &str, ours, theirs, target| Row {
        name: name(other),
        unit: Unit::PerSecond,
        ours,
        theirs,
        target: Target::Ratio(target),
    };
    let batched = async || pipeline(&store, BATCHED, 20_000 / scale).await;
    let single = async || pipeline(&store, ONE_BY_ONE, 4_000 / scale).await;
    let (ours, theirs) = interleaved(batched, single).await?;
    let mut rows = vec![row("one by one", ours, Some(theirs), 10.0)];
    rows.push(match options.peer("apalis-postgres")? {
        Some(mut peer) => {
            peer.open(server.url()).await?;
            // The peer is slower by far: fewer tasks keep the rounds about as long.
            let line = format!("tasks {} {} {}", BATCHED.producers, BATCHED.batch, 4_000 / scale);
            let (ours, theirs) = interleaved(batched, async || peer.rate(&line).await).await?;
            row("apalis-postgres", ours, Some(theirs), 5.0)
        }
        None => row("apalis-postgres", median(vec![batched().await?, batched().await?, batched().await?]), None, 5.0),
    });
    Ok(rows)
}

const WORKERS: usize = 4;
const BATCH: usize = 8;
/// Tasks that wait throughout.
const BACKLOG: usize = 20_000;

/// Claims and completions while somebody keeps a snapshot open, which keeps the server from removing what is done with.
pub(crate) async fn snapshot_rows(options: &Options) -> BenchResult<Vec<Row>> {
    let seconds = if options.quick { 9 } else { 60 };
    let server = Server::start()?;
    let without = steady(&server, "without", seconds).await?;
    let hold = format!(
        "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM pg_class; SELECT pg_sleep({}); COMMIT",
        seconds + 5
    );
    let with = tokio::task::block_in_place(|| {
        std::thread::scope(|scope| {
            let held = scope.spawn(|| server.postgres().psql(&hold));
            std::thread::sleep(Duration::from_secs(1));
            let with = tokio::runtime::Handle::current().block_on(steady(&server, "with", seconds));
            held.join().map_err(|_| BenchError::wrong("the holder of the snapshot panicked"))??;
            with
        })
    })?;
    Ok(vec![Row {
        name: format!("postgres: claims, a snapshot open for {seconds} s / none"),
        unit: Unit::PerSecond,
        ours: with,
        theirs: Some(without),
        target: Target::Ratio(0.7),
    }])
}

/// Claims per second in the last third of so many seconds, each followed by the completion of its tasks.
async fn steady(server: &Server, schema: &str, seconds: u64) -> BenchResult<f64> {
    let store: Arc<dyn TaskBackend> = Arc::new(server.open(schema).await?);
    fill(&store, BACKLOG, |_| {}).await?;
    let over = Arc::new(AtomicBool::new(false));
    let (waiting, claims) = (Arc::new(AtomicUsize::new(BACKLOG)), Arc::new(AtomicUsize::new(0)));
    let producer = tokio::spawn({
        let (store, over, waiting) = (store.clone(), over.clone(), waiting.clone());
        async move {
            while !over.load(Ordering::Acquire) {
                if waiting.load(Ordering::Acquire) < BACKLOG {
                    fill(&store, 256, |_| {}).await?;
                    waiting.fetch_add(256, Ordering::AcqRel);
                } else {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
            }
            Ok::<_, BenchError>(())
        }
    });
    let workers: Vec<_> = (0..WORKERS)
        .map(|_| {
            let (store, over, waiting, claims) = (store.clone(), over.clone(), waiting.clone(), claims.clone());
            tokio::spawn(async move {
                while !over.load(Ordering::Acquire) {
                    let tasks = (*store).claim(claim(BATCH)).await?.value.tasks;
                    claims.fetch_add(1, Ordering::AcqRel);
                    waiting.fetch_sub(tasks.len(), Ordering::AcqRel);
                    try_join_all(tasks.iter().map(|task| complete(&store, task))).await?;
                }
                Ok::<_, BenchError>(())
            })
        })
        .collect();
    let window = Duration::from_secs(seconds) / 3;
    tokio::time::sleep(window * 2).await;
    let (before, start) = (claims.load(Ordering::Acquire), Instant::now());
    tokio::time::sleep(window).await;
    let rate = (claims.load(Ordering::Acquire) - before) as f64 / start.elapsed().as_secs_f64();
    over.store(true, Ordering::Release);
    producer.await??;
    for worker in workers {
        worker.await??;
    }
    Ok(rate)
}
