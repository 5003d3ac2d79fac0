//! A running task holds its session (contract C5), and ends with it if it was ended (contract R9: nobody waits for this).

use std::collections::HashMap;
use std::sync::Arc;

use futures_util::StreamExt;
use futures_util::stream;

use super::run::TaskRun;
use super::tasks::Tasks;
use crate::error::StoreError;
use crate::task::TaskEvent;

/// Sessions that are held at the same time.
const AT_ONCE: usize = 8;

/// Holds the sessions of running tasks, as often as leases are renewed, until everything has ended.
pub(crate) async fn hold_sessions(tasks: Arc<Tasks>) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(tasks.node.config.lease / 3) => {}
            () = tasks.node.stopped.cancelled() => return,
        }
        let mut sessions: HashMap<String, Vec<Arc<TaskRun>>> = HashMap::new();
        for run in tasks.running.all() {
            if let Some(session) = run.session() {
                sessions.entry(session.to_owned()).or_default().push(run);
            }
        }
        let holds = sessions.into_iter().map(|(session, runs)| hold(&tasks, session, runs));
        stream::iter(holds).buffer_unordered(AT_ONCE).collect::<()>().await;
    }
}

impl Tasks {
    /// Holds the session of a run that starts.
    pub(super) fn hold_in_background(self: &Arc<Self>, run: &Arc<TaskRun>) {
        if let Some(session) = run.session().map(str::to_owned) {
            let (tasks, runs) = (self.clone(), vec![run.clone()]);
            self.node.background.spawn(async move { hold(&tasks, session, runs).await });
        }
    }
}

async fn hold(tasks: &Tasks, session: String, runs: Vec<Arc<TaskRun>>) {
    match was_ended(tasks, &session).await {
        Ok(false) => {}
        // Whoever ended it did not reach these: they were submitted meanwhile, or the node was lost.
        Ok(true) => {
            for run in runs {
                if run.settle(TaskEvent::Cancelled).await.is_ok() {
                    run.lost.cancel();
                }
            }
        }
        Err(error) => tracing::debug!(%error, "a session was not held"),
    }
}

/// Slides the life of a session; whether it was ended. One that has expired ends no task: its owner may still come back.
async fn was_ended(tasks: &Tasks, session: &str) -> Result<bool, StoreError> {
    Ok(!tasks.node.sessions.hold(session).await? && tasks.node.sessions.was_ended(session).await?)
}
