//! Renews the leases of running tasks, all in one batch (contract T5, T9).

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

use super::run::TaskRun;
use super::tasks::Tasks;
use crate::error::{StoreError, StoreErrorKind};
use crate::task::Renewed;
use crate::time::backoff;

/// When all leases of this node were last renewed.
#[derive(Debug)]
pub(crate) struct LeaseClock(Mutex<Instant>);

impl Default for LeaseClock {
    fn default() -> Self {
        Self(Mutex::new(Instant::now()))
    }
}

/// Renews at a third of the lease until everything has ended; after a failure soon again, so that a store that was away
/// for less than two thirds of a lease costs nobody his lease (contract T6).
pub(crate) async fn renew_leases(tasks: Arc<Tasks>) {
    let every = tasks.node.config.lease / 3;
    let mut failures = 0;
    loop {
        let pause = match failures {
            0 => every,
            _ => backoff(Duration::from_millis(20), failures, (every / 4).max(Duration::from_millis(20))),
        };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = tasks.node.stopped.cancelled() => return,
        }
        failures = if renew_all(&tasks).await.is_ok() { 0 } else { failures + 1 };
    }
}

/// Renews the leases unless that was done a short while ago: before this node claims, so that it does not claim what it
/// is still running (contract T5, T6).
pub(super) async fn renew_if_late(tasks: &Arc<Tasks>) -> Result<(), StoreError> {
    let late = tasks.leases.0.lock().elapsed() > tasks.node.config.lease / 2;
    if late && !tasks.running.is_empty() { renew_all(tasks).await } else { Ok(()) }
}

async fn renew_all(tasks: &Arc<Tasks>) -> Result<(), StoreError> {
    let batch = tasks.node.stores.tasks.guarantees().limits.max_batch.max(1);
    let began = Instant::now();
    for runs in tasks.running.all().chunks(batch) {
        renew(tasks, runs).await?;
    }
    let mut renewed = tasks.leases.0.lock();
    *renewed = began.max(*renewed);
    Ok(())
}

async fn renew(tasks: &Arc<Tasks>, runs: &[Arc<TaskRun>]) -> Result<(), StoreError> {
    let leases: Vec<_> = runs.iter().map(|run| (run.id().clone(), run.seen().token)).collect();
    // One that hangs must not cost the leases: a renewal can be repeated.
    let patience = (tasks.node.config.lease / 6).max(Duration::from_millis(250));
    let renewed = tokio::time::timeout(patience, tasks.node.stores.tasks.renew(&leases, tasks.node.config.lease)).await;
    let answer = renewed.unwrap_or_else(|_| {
        let late = "leases were not renewed in time";
        Err(StoreError::new(StoreErrorKind::Timeout, "core", "renew", late).unknown())
    });
    let answer = answer.inspect_err(|error| tasks.node.health.failed(error))?;
    tasks.node.observe(answer.now);
    tasks.node.health.answered();
    for (run, renewed) in runs.iter().zip(answer.value) {
        match renewed {
            Renewed::Held { version, .. } => run.saw_version(version),
            // Cancelled, expired or taken over; or it has just ended here, or was claimed again by this very node.
            Renewed::Lost => {
                let run = run.clone();
                tasks.node.background.spawn(async move { run.look_whose_it_is().await });
            }
        }
    }
    Ok(())
}
