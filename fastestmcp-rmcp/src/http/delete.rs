use std::sync::Arc;

use http::StatusCode;
use http::request::Parts;

use super::{Answer, Refusal, empty, headers, post};
use crate::node::Node;

/// Ends a session on every node.
pub(super) async fn answer(node: &Arc<Node>, head: &Parts) -> Answer {
    headers::revision(&head.headers)?;
    let session = post::session(node, head).await?;
    let ended = node.runtime.end_session(&session.caller().auth.principal, session.id()).await;
    ended.map_err(|error| Refusal::unavailable(&error))?;
    if let Err(error) = node.end_everywhere(session.digest()).await {
        tracing::debug!(%error, "streams of a session that has ended end later");
    }
    Ok(empty(StatusCode::NO_CONTENT))
}
