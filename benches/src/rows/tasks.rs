//! Tasks that are inserted, claimed and completed as fast as a store allows.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use fastestmcp_core::ids::TaskId;
use fastestmcp_core::principal::{Owner, OwnerFilter};
use fastestmcp_core::task::{
    ClaimRequest, Guard, InsertOutcome, NewTask, Part, ReplaceOutcome, ReplaceRequest, TaskBackend, TaskRecord, Then,
};
use futures_util::future::try_join_all;
use tokio::sync::Semaphore;

use crate::payload::bytes_of;
use crate::report::{BenchError, BenchResult};
use crate::rows::values::seed;

/// Bytes of a request.
const SPEC_BYTES: usize = 256;
const QUEUE: &str = "bench";
const DONE: u8 = 2;

/// A new task that no other resembles.
pub(crate) fn new_task(id: &str) -> NewTask {
    let owner = Owner::new("bench");
    NewTask::new(TaskId::new(id), owner, QUEUE, bytes_of(seed(), SPEC_BYTES), bytes_of(seed(), 64))
}

/// A claim of up to `limit` tasks.
pub(crate) fn claim(limit: usize) -> ClaimRequest {
    ClaimRequest::new(vec![QUEUE.to_owned()], "bench", limit, Duration::from_secs(300))
}

/// Who takes part.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Crew {
    pub(crate) producers: usize,
    pub(crate) workers: usize,
    /// Tasks of one claim.
    pub(crate) batch: usize,
}

/// Runs `total` tasks from insert to completion: tasks per second. Asserts that each was claimed once and is done.
pub(crate) async fn pipeline(store: &Arc<dyn TaskBackend>, crew: Crew, total: usize) -> BenchResult<f64> {
    let run = seed();
    let ids: Arc<Vec<String>> = Arc::new((0..total).map(|i| format!("{run}-{i}")).collect());
    let (next, ready) = (Arc::new(AtomicUsize::new(0)), Arc::new(Semaphore::new(0)));
    let done = Arc::new(AtomicUsize::new(0));
    let start = Instant::now();
    let mut crews = Vec::new();
    for _ in 0..crew.producers {
        let (store, ids, next, ready) = (store.clone(), ids.clone(), next.clone(), ready.clone());
        crews.push(tokio::spawn(async move {
            while let Some(id) = ids.get(next.fetch_add(1, Ordering::Relaxed)) {
                match (*store).insert(new_task(id)).await?.value {
                    InsertOutcome::Inserted(_) => ready.add_permits(1),
                    other => return Err(BenchError::wrong(format!("an insert answered {other:?}"))),
                }
            }
            Ok(())
        }));
    }
    for _ in 0..crew.workers {
        let (store, ready, done) = (store.clone(), ready.clone(), done.clone());
        crews.push(tokio::spawn(async move {
            while let Ok(first) = ready.acquire().await {
                first.forget();
                let mut wanted = 1 + ready.forget_permits(crew.batch - 1);
                while wanted > 0 {
                    let tasks = (*store).claim(claim(wanted)).await?.value.tasks;
                    wanted -= tasks.len();
                    try_join_all(tasks.iter().map(|task| complete(&store, task))).await?;
                    if done.fetch_add(tasks.len(), Ordering::AcqRel) + tasks.len() == total {
                        ready.close();
                    }
                }
            }
            Ok(())
        }));
    }
    for task in crews {
        task.await??;
    }
    let rate = total as f64 / start.elapsed().as_secs_f64();
    check(store, &ids).await?;
    Ok(rate)
}

/// Ends a claimed task.
pub(crate) async fn complete(store: &Arc<dyn TaskBackend>, task: &TaskRecord) -> BenchResult<()> {
    let token = task.head.lease.as_ref().map(|lease| lease.token);
    let guard = Guard { version: task.head.version, token };
    let then = Then::Terminal { retain: Duration::from_secs(3_600) };
    let request = ReplaceRequest::new(task.head.id.clone(), guard, DONE, bytes_of(seed(), 64), then);
    match (**store).replace(request).await?.value {
        ReplaceOutcome::Replaced(_) => Ok(()),
        other => Err(BenchError::wrong(format!("a completion answered {other:?}"))),
    }
}

async fn check(store: &Arc<dyn TaskBackend>, ids: &[String]) -> BenchResult<()> {
    for chunk in ids.chunks(1_000) {
        let chunk: Vec<TaskId> = chunk.iter().map(TaskId::new).collect();
        for record in (**store).get(&chunk, &OwnerFilter::Any, Part::Head).await?.value {
            match record.map(|record| record.head) {
                Some(head) if !head.open && head.status == DONE && head.claims == 1 => {}
                other => return Err(BenchError::wrong(format!("a task ended as {other:?}"))),
            }
        }
    }
    Ok(())
}

/// Inserts so many tasks, 256 at once, each changed by `shape`.
pub(crate) async fn fill(store: &Arc<dyn TaskBackend>, count: usize, shape: impl Fn(&mut NewTask)) -> BenchResult<()> {
    let run = seed();
    for chunk in 0..count.div_ceil(256) {
        let inserts = (chunk * 256..count.min((chunk + 1) * 256)).map(|i| {
            let mut task = new_task(&format!("{run}-{i}"));
            shape(&mut task);
            (**store).insert(task)
        });
        try_join_all(inserts).await?;
    }
    Ok(())
}
