use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use fastestmcp_core::principal::OwnerFilter;
use fastestmcp_core::task::{Part, TaskBackend};
use fastestmcp_store_memory::MemoryStore;
use fastestmcp_store_sqlite::SqliteStore;

use crate::measure::{histogram, percentile, record};
use crate::report::{BenchError, BenchResult, Row, Target, Unit};
use crate::rows::tasks::{claim, fill, new_task};
use crate::rows::{Options, postgres, redis};

const WORKERS: usize = 4;
const BATCH: usize = 250;

/// How long it takes until other workers have the tasks of a node that died, and what that does to other callers.
pub(crate) async fn rows(options: &Options) -> BenchResult<Vec<Row>> {
    let leases = if options.quick { 10_000 } else { 100_000 };
    let folder = options.folder()?;
    let mut rows = rows_of("memory", Arc::new(MemoryStore::new()), leases, 3_000.0).await?;
    let sqlite = SqliteStore::open(folder.path().join("ours.db")).await?;
    rows.extend(rows_of("sqlite FULL", Arc::new(sqlite), leases, 1_000.0).await?);
    let server = postgres::Server::start()?;
    rows.extend(rows_of("postgres", Arc::new(server.open("recovery").await?), leases, 3_000.0).await?);
    let server = redis::Server::in_memory()?;
    rows.extend(rows_of("redis", Arc::new(server.open("recovery").await?), leases, 3_000.0).await?);
    Ok(rows)
}

async fn rows_of(backend: &str, store: Arc<dyn TaskBackend>, leases: usize, most: f64) -> BenchResult<Vec<Row>> {
    fill(&store, leases, |_| {}).await?;
    store.insert(elsewhere()).await?;
    let nothing = async {
        tokio::time::sleep(Duration::from_secs(3)).await;
        Ok(())
    };
    let (_, quiet) = reads(&store, nothing).await?;
    drain(&store, leases, Duration::from_millis(1)).await?;
    tokio::time::sleep(Duration::from_millis(2)).await;
    let (took, busy) = reads(&store, drain(&store, leases, Duration::from_secs(300))).await?;
    Ok(vec![
        Row {
            name: format!("{backend}: recovery of {leases} expired leases"),
            unit: Unit::Milliseconds,
            ours: took.as_secs_f64() * 1_000.0,
            theirs: None,
            target: Target::AtMost(most),
        },
        Row {
            name: format!("{backend}: p99 of reads, meanwhile / before"),
            unit: Unit::Milliseconds,
            ours: busy,
            theirs: Some(quiet),
            target: Target::RatioAtMost(2.0),
        },
    ])
}

/// A task that no worker of the bench looks for.
fn elsewhere() -> fastestmcp_core::task::NewTask {
    let mut task = new_task("elsewhere");
    "elsewhere".clone_into(&mut task.queue);
    task
}

/// Claims all tasks.
async fn drain(store: &Arc<dyn TaskBackend>, tasks: usize, lease: Duration) -> BenchResult<()> {
    let claimed = Arc::new(AtomicUsize::new(0));
    let workers: Vec<_> = (0..WORKERS)
        .map(|_| {
            let (store, claimed) = (store.clone(), claimed.clone());
            let mut request = claim(BATCH);
            request.lease = lease;
            tokio::spawn(async move {
                while claimed.load(Ordering::Acquire) < tasks {
                    let got = (*store).claim(request.clone()).await?.value.tasks.len();
                    claimed.fetch_add(got, Ordering::AcqRel);
                }
                Ok::<_, BenchError>(())
            })
        })
        .collect();
    for worker in workers {
        worker.await??;
    }
    Ok(())
}

/// How long `work` takes, and the p99 of another caller's reads meanwhile, in milliseconds.
async fn reads(
    store: &Arc<dyn TaskBackend>,
    work: impl Future<Output = BenchResult<()>>,
) -> BenchResult<(Duration, f64)> {
    let over = Arc::new(AtomicBool::new(false));
    let (reader, end) = (store.clone(), over.clone());
    let reading = tokio::spawn(async move {
        let (mut times, id) = (histogram(), elsewhere().id);
        while !end.load(Ordering::Acquire) {
            let start = Instant::now();
            (*reader).get(std::slice::from_ref(&id), &OwnerFilter::Any, Part::All).await?;
            record(&mut times, start.elapsed());
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        Ok::<_, BenchError>(percentile(&times, 99.0))
    });
    let start = Instant::now();
    work.await?;
    let took = start.elapsed();
    over.store(true, Ordering::Release);
    Ok((took, reading.await??))
}
