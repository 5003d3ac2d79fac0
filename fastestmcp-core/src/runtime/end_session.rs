use std::sync::Arc;
use std::time::Duration;

use super::error::CallError;
use super::shared::Shared;
use super::task::cancel_of_session;
use crate::error::StoreErrorKind;
use crate::principal::Principal;
use crate::time::backoff;

/// Ends a session, named by the digest of its id, and its open tasks. True if it lived.
pub(super) async fn end_session(shared: &Arc<Shared>, session: &str) -> Result<bool, CallError> {
    let principal = match shared.sessions.record(session).await {
        Ok(Some(record)) => record.principal,
        Ok(None) => return Ok(false),
        // It is ended all the same, and so are the tasks that belong to it alone.
        Err(error) if error.kind == StoreErrorKind::Corrupt => Principal::Anonymous,
        Err(error) => return Err(error.into()),
    };
    if !shared.sessions.end(session).await? {
        return Ok(false);
    }
    if let Err(error) = cancel_of_session(shared, &principal, session).await {
        tracing::warn!(%error, "tasks of an ended session are cancelled later");
        let (shared, session) = (shared.clone(), session.to_owned());
        shared.clone().background.spawn(async move { cancel_later(&shared, &principal, &session).await });
    }
    Ok(true)
}

/// Repeats it until it is done. If this node is lost meanwhile, those that run are ended by who runs them.
async fn cancel_later(shared: &Shared, principal: &Principal, session: &str) {
    for attempt in 0.. {
        tokio::select! {
            () = tokio::time::sleep(backoff(Duration::from_millis(100), attempt, Duration::from_secs(5))) => {}
            () = shared.stopped.cancelled() => return,
        }
        match cancel_of_session(shared, principal, session).await {
            Ok(()) => return,
            Err(error) => tracing::debug!(%error, "tasks of an ended session are cancelled later"),
        }
    }
}
