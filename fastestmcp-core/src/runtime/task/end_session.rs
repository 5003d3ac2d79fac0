use std::sync::Arc;
use std::time::Duration;

use super::owned::cancel_of_session;
use super::tasks::Tasks;
use crate::error::StoreErrorKind;
use crate::operation::CallError;
use crate::principal::Principal;
use crate::time::backoff;

/// Ends a session, named by the digest of its id, and its open tasks. True if it lived.
pub(crate) async fn end_session(tasks: &Arc<Tasks>, session: &str) -> Result<bool, CallError> {
    let principal = match tasks.node.sessions.record(session).await {
        Ok(Some(record)) => record.principal,
        Ok(None) => return Ok(false),
        // It is ended all the same, and so are the tasks that belong to it alone.
        Err(error) if error.kind == StoreErrorKind::Corrupt => Principal::Anonymous,
        Err(error) => return Err(error.into()),
    };
    if !tasks.node.sessions.end(session).await? {
        return Ok(false);
    }
    if let Err(error) = cancel_of_session(tasks, &principal, session).await {
        tracing::warn!(%error, "tasks of an ended session are cancelled later");
        let (tasks, session) = (tasks.clone(), session.to_owned());
        let background = tasks.node.background.clone();
        background.spawn(async move { cancel_later(&tasks, &principal, &session).await });
    }
    Ok(true)
}

/// Repeats it until it is done. If this node is lost meanwhile, those that run are ended by who runs them.
async fn cancel_later(tasks: &Tasks, principal: &Principal, session: &str) {
    for attempt in 0.. {
        tokio::select! {
            () = tokio::time::sleep(backoff(Duration::from_millis(100), attempt, Duration::from_secs(5))) => {}
            () = tasks.node.stopped.cancelled() => return,
        }
        match cancel_of_session(tasks, principal, session).await {
            Ok(()) => return,
            Err(error) => tracing::debug!(%error, "tasks of an ended session are cancelled later"),
        }
    }
}
