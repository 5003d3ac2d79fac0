use std::slice;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use fastestmcp_core::error::StoreError;
use fastestmcp_core::ids::{TaskId, random_token};
use fastestmcp_core::principal::{Owner, OwnerFilter};
use fastestmcp_core::task::{
    ClaimRequest, Guard, InsertOutcome, NewTask, Part, Renewed, ReplaceOutcome, ReplaceRequest, TaskBackend,
    TaskRecord, Then, Token,
};

use super::{ChaosProxy, Cut};

const TASKS: usize = 20;
const LEASE: Duration = Duration::from_secs(2);
/// How late a lease may end (contract T5), and how long a connection may take to come back.
const LATE: Duration = Duration::from_secs(2);
const BACK: Duration = Duration::from_secs(5);

/// Cuts a worker off while it holds leases that end meanwhile, and lets it write what it has nevertheless, during the cut
/// and after it: every stale write must be refused, and the work be done by the other, once.
///
/// `behind` reaches its store through `proxy`, `beside` does not. On the clock of production; it takes `length` and some
/// seconds.
///
/// # Errors
/// A promise was broken: which one.
pub async fn takeover(
    behind: Arc<dyn TaskBackend>,
    beside: Arc<dyn TaskBackend>,
    proxy: &ChaosProxy,
    cut: Cut,
    length: Duration,
) -> Result<(), String> {
    let queue = random_token().map_err(|error| error.to_string())?;
    for number in 0..TASKS {
        let id = TaskId::new(format!("{queue}-{number}"));
        let task = NewTask::new(id, Owner::new("takeover"), &queue, Bytes::new(), "begun".into());
        match beside.insert(task).await.map_err(broken)?.value {
            InsertOutcome::Inserted(_) => {}
            other => return Err(format!("a new task was answered with {other:?}")),
        }
    }
    // Before the claim: its answer may be late, and the leases begin when it is carried out.
    let leased = Instant::now();
    let held = claim(&*behind, &queue, LEASE).await?;
    if held.len() != TASKS {
        return Err(format!("{} of {TASKS} tasks were claimed", held.len()));
    }
    proxy.cut(cut);
    let late: Vec<_> = held
        .iter()
        .map(|task| {
            let (behind, write) = (behind.clone(), end(task, "stale"));
            tokio::spawn(async move { behind.replace(write).await })
        })
        .collect();
    for write in late {
        match write.await.map_err(|error| error.to_string())? {
            Err(error) if error.is_retryable() => {}
            other => return Err(format!("a write during the cut got {other:?}")),
        }
    }

    let mut taken = Vec::new();
    while taken.len() < TASKS {
        taken.extend(claim(&*beside, &queue, length * 10).await?);
        let passed = leased.elapsed();
        if !taken.is_empty() && passed < LEASE {
            return Err(format!("reclaimed {passed:?} after the claim, within the lease"));
        }
        if passed > LEASE + LATE + BACK {
            return Err(format!("{} of {TASKS} tasks were reclaimed after {passed:?}", taken.len()));
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    // Half is done before the other comes back, half after it.
    let (before, after) = taken.split_at(TASKS / 2);
    finish(&*beside, before).await?;
    tokio::time::sleep(length.saturating_sub(leased.elapsed())).await;
    proxy.heal();

    for task in &held {
        let answer = again(|| behind.replace(end(task, "stale"))).await?.value;
        if answer != ReplaceOutcome::LeaseLost {
            return Err(format!("a stale write after the cut got {answer:?}"));
        }
        let token = task.head.lease.as_ref().map_or(Token(0), |lease| lease.token);
        let leases = [(task.head.id.clone(), token)];
        let answer = again(|| behind.renew(&leases, LEASE)).await?.value;
        if answer != [Renewed::Lost] {
            return Err(format!("a stale renewal after the cut got {answer:?}"));
        }
    }
    finish(&*beside, after).await?;
    for task in &taken {
        let found = beside.get(slice::from_ref(&task.head.id), &OwnerFilter::Any, Part::All).await.map_err(broken)?;
        let state = found.value.into_iter().next().flatten().and_then(|record| record.state);
        if state != Some("fresh".into()) {
            return Err(format!("{} was finished elsewhere and is {state:?}", task.head.id));
        }
    }
    Ok(())
}

async fn claim(tasks: &dyn TaskBackend, queue: &str, lease: Duration) -> Result<Vec<TaskRecord>, String> {
    let request = ClaimRequest::new(vec![queue.to_owned()], "worker", TASKS, lease);
    Ok(tasks.claim(request).await.map_err(broken)?.value.tasks)
}

fn end(task: &TaskRecord, state: &'static str) -> ReplaceRequest {
    let guard = Guard { version: task.head.version, token: task.head.lease.as_ref().map(|lease| lease.token) };
    let then = Then::Terminal { retain: Duration::from_secs(3_600) };
    ReplaceRequest::new(task.head.id.clone(), guard, 9, state.into(), then)
}

async fn finish(tasks: &dyn TaskBackend, held: &[TaskRecord]) -> Result<(), String> {
    for task in held {
        match tasks.replace(end(task, "fresh")).await.map_err(broken)?.value {
            ReplaceOutcome::Replaced(_) => {}
            other => return Err(format!("the holder's write got {other:?}")),
        }
    }
    Ok(())
}

async fn again<T, F: Future<Output = Result<T, StoreError>>>(call: impl Fn() -> F) -> Result<T, String> {
    let start = Instant::now();
    loop {
        match call().await {
            Err(error) if error.is_retryable() && start.elapsed() < BACK => {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            result => return result.map_err(broken),
        }
    }
}

fn broken(error: StoreError) -> String {
    error.to_string()
}
