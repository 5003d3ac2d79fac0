use std::sync::Arc;

use http::StatusCode;
use http::request::Parts;
use rmcp::model::ErrorCode;

use super::{Answer, Refusal, headers, post};
use crate::node::Node;
use crate::sse;

const LAST_EVENT: &str = "last-event-id";

/// Opens the standalone stream of a session, from now on or after an event, or goes on with a POST stream after an event.
pub(super) async fn answer(node: &Arc<Node>, head: &Parts) -> Answer {
    if !headers::accepts(&head.headers, "text", "event-stream") {
        let message = "accept text/event-stream";
        return Err(Refusal::new(StatusCode::NOT_ACCEPTABLE, ErrorCode::INVALID_REQUEST, message));
    }
    headers::revision(&head.headers)?;
    let session = post::session(node, head).await?;
    let last = head.headers.get(LAST_EVENT).map(|last| last.to_str().unwrap_or_default());
    let room = node.wire.listen(&session).await.map_err(Refusal::of)?;
    match sse::open(node.clone(), session, room, last).await? {
        Some(response) => Ok(response),
        None => Err(Refusal::bad("no such event")),
    }
}
