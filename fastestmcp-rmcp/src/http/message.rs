use std::sync::Arc;

use http::StatusCode;
use http::request::Parts;
use rmcp::model::{ClientNotification, JsonRpcMessage, NumberOrString, RequestId};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::{Answer, Refusal, empty, post};
use crate::drive::Drive;
use crate::node::Node;
use crate::place::Place;
use crate::session::Session;

/// A reply of the client to what it was asked: kept where it must be, then brought to where it is waited for.
pub(super) async fn reply(node: &Arc<Node>, session: &Session, id: Option<RequestId>, body: &[u8]) -> Answer {
    #[derive(Deserialize)]
    struct Reply {
        #[serde(default)]
        result: Option<Value>,
    }
    let place = match id {
        Some(NumberOrString::String(id)) => id.parse::<Place>().ok(),
        _ => None,
    };
    let (Some(place), Ok(message)) = (place, serde_json::from_slice::<Box<RawValue>>(body)) else {
        // To nothing that was asked: taken, and nobody waits for it.
        tracing::debug!("a client replied to what nobody asks");
        return Ok(empty(StatusCode::ACCEPTED));
    };
    // What the client refuses is not kept: it stays open.
    if let Some(tag) = &place.tag
        && let Ok(Reply { result: Some(result) }) = serde_json::from_str(message.get())
    {
        node.wire.reply(session, tag, result).await.map_err(Refusal::of)?;
    }
    node.deliver(session, place, message).await?;
    Ok(empty(StatusCode::ACCEPTED))
}

pub(super) async fn notification(
    node: &Arc<Node>,
    session: Session,
    method: &str,
    progress_token: Option<RequestId>,
    body: &[u8],
    head: Parts,
) -> Answer {
    if method == "notifications/progress"
        && let Some(NumberOrString::String(token)) = progress_token
        && let (Ok(place), Ok(message)) = (token.parse::<Place>(), serde_json::from_slice::<Box<RawValue>>(body))
    {
        node.deliver(&session, place, message).await?;
        return Ok(empty(StatusCode::ACCEPTED));
    }
    let message = post::parse(method, body)?;
    let JsonRpcMessage::Notification(parsed) = &message else { return Err(Refusal::bad("Invalid Request")) };
    if let ClientNotification::CancelledNotification(cancelled) = &parsed.notification {
        if let Some(request) = &cancelled.params.request_id {
            node.cancel(&session, request.clone()).await?;
        }
        return Ok(empty(StatusCode::ACCEPTED));
    }
    let opened = node.exchanges.open(node.exchanges.number(), session.digest_shared().clone(), None, None);
    match opened {
        Ok((open, inbox)) => {
            let drive = Drive { node: node.clone(), open, inbox, session: Some(session), grant: None };
            drive.start(message, Some(head));
        }
        Err(_) => tracing::warn!("a notification was not taken: too much is under way"),
    }
    Ok(empty(StatusCode::ACCEPTED))
}
