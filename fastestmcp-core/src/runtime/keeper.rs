//! Keeps the leases of running tasks, all in one batch (contract T5, T9).

use std::sync::Arc;
use std::time::Duration;

use super::run::TaskRun;
use super::shared::Shared;
use crate::task::Renewed;

/// Renews at a third of the lease until everything has ended.
pub(super) async fn keep(shared: Arc<Shared>) {
    let every = (shared.config.lease / 3).max(Duration::from_millis(10));
    let batch = shared.stores.tasks.guarantees().limits.max_batch.max(1);
    loop {
        tokio::select! {
            () = tokio::time::sleep(every) => {}
            () = shared.stopped.cancelled() => return,
        }
        for runs in shared.running.all().chunks(batch) {
            renew(&shared, runs).await;
        }
        hold_sessions(&shared).await;
    }
}

async fn renew(shared: &Shared, runs: &[Arc<TaskRun>]) {
    let leases: Vec<_> = runs.iter().map(|run| (run.id().clone(), run.token())).collect();
    match shared.stores.tasks.renew(&leases, shared.config.lease).await {
        Ok(answer) => {
            shared.observe(answer.now);
            for (run, renewed) in runs.iter().zip(answer.value) {
                match renewed {
                    Renewed::Held { version, .. } => run.saw_version(version),
                    // Cancelled, expired, or taken over; or it has just ended here.
                    Renewed::Lost => run.lost.cancel(),
                }
            }
        }
        // Nothing is lost yet: the leases last for two more attempts.
        Err(error) => tracing::warn!(%error, tasks = runs.len(), "leases were not renewed"),
    }
}

/// A running task holds its session (contract C5).
async fn hold_sessions(shared: &Shared) {
    let mut sessions: Vec<String> =
        shared.running.all().iter().filter_map(|run| run.session().map(str::to_owned)).collect();
    sessions.sort_unstable();
    sessions.dedup();
    for session in sessions {
        if let Err(error) = shared.sessions.hold(&session, shared.config.session_idle).await {
            tracing::warn!(%error, "a session was not held");
        }
    }
}
