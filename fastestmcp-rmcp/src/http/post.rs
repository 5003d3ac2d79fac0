use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use http::request::Parts;
use rmcp::model::{ClientJsonRpcMessage, ClientRequest, ErrorCode, JsonRpcMessage, RequestId};

use super::{Answer, Refusal, headers, initialize, json, message};
use crate::decode::decode;
use crate::drive::Drive;
use crate::envelope::{Envelope, Kind, NoMessage};
use crate::exchange::Exchange;
use crate::exchanges::NotOpened;
use crate::node::{Grant, Node};
use crate::notification::log_level;
use crate::outbox::Reading;
use crate::session::Session;
use crate::sse::{self, Posted};

/// An answer that comes by itself within this is one JSON body. After it the client gets a stream, so that it has headers,
/// signs of life, and an id to come back with.
const JSON_WITHIN: Duration = Duration::from_millis(250);
/// When to come back if too much is under way.
const COME_BACK: Duration = Duration::from_secs(1);

pub(super) async fn answer(
    node: &Arc<Node>,
    head: Parts,
    body: &[u8],
    read: Result<Envelope<'_>, NoMessage>,
) -> Answer {
    if !(headers::accepts(&head.headers, "application", "json")
        && headers::accepts(&head.headers, "text", "event-stream"))
    {
        let message = "accept both application/json and text/event-stream";
        return Err(Refusal::new(StatusCode::NOT_ACCEPTABLE, ErrorCode::INVALID_REQUEST, message));
    }
    if !headers::is_json(&head.headers) {
        let message = "Content-Type must be application/json";
        return Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, ErrorCode::INVALID_REQUEST, message));
    }
    let envelope = read.map_err(|no_message| match no_message {
        NoMessage::NotJson => Refusal::new(StatusCode::BAD_REQUEST, ErrorCode::PARSE_ERROR, "Parse error"),
        NoMessage::NotOne => Refusal::bad("Invalid Request"),
    })?;
    if envelope.is_initialize() {
        return initialize::answer(node, head, envelope.kind, body).await;
    }
    headers::revision(&head.headers)?;
    let session = match session(node, &head).await {
        Ok(session) => session,
        Err(refusal) => {
            return Err(match envelope.kind {
                Kind::Request { id, .. } => refusal.to(id),
                _ => refusal,
            });
        }
    };
    match envelope.kind {
        Kind::Request { id, method } => call(node, session, id, parse(&method, body)?, head).await,
        Kind::Notification { method } => {
            message::notification(node, session, &method, envelope.progress_token, body, head).await
        }
        Kind::Reply { id } => message::reply(node, &session, id, body).await,
    }
}

/// The session that a request is of.
///
/// # Errors
/// It names none, or one that is not there for it.
pub(super) async fn session(node: &Arc<Node>, head: &Parts) -> Result<Session, Refusal> {
    let Some(id) = headers::session(&head.headers)? else { return Err(Refusal::bad("Mcp-Session-Id is missing")) };
    let caller = node.wire.caller(head);
    let found = node.runtime.sessions().open(&caller.auth.principal, id).await?;
    let live = found.ok_or_else(Refusal::no_session)?;
    Session::new(id.to_owned(), caller, live).map_err(|error| Refusal::unavailable(&error))
}

/// # Errors
/// It is a message of JSON-RPC, and none of MCP.
pub(super) fn parse(method: &str, body: &[u8]) -> Result<ClientJsonRpcMessage, Refusal> {
    decode(method, body).map_err(|_| Refusal::bad("Invalid Request"))
}

/// Lets the handler run, whoever waits for it.
///
/// # Errors
/// The session has a request with this id, or as many as it may.
pub(super) fn start(
    node: &Arc<Node>,
    session: Option<Session>,
    id: RequestId,
    message: ClientJsonRpcMessage,
    head: Parts,
) -> Result<(Reading, Arc<Exchange>), Refusal> {
    let digest = session.as_ref().map_or_else(|| Arc::from(""), |session| session.digest_shared().clone());
    let number = node.exchanges.number();
    let outbox = node.outbox(&digest, number, &id);
    let opened = node.exchanges.open(number, digest, Some(id.clone()), Some(outbox.clone()));
    let (open, inbox) = opened.map_err(|not_opened| match not_opened {
        NotOpened::Duplicate => Refusal::bad("a request with this id is under way").to(id),
        NotOpened::Full => Refusal::overloaded("calls", COME_BACK).to(id),
    })?;
    let (exchange, grant) = (open.exchange.clone(), grant(&message));
    Drive { node: node.clone(), open, inbox, session, grant }.start(message, Some(head));
    Ok((Reading(outbox), exchange))
}

/// What the request changes in its session, if its handler grants it.
fn grant(message: &ClientJsonRpcMessage) -> Option<Grant> {
    let JsonRpcMessage::Request(request) = message else { return None };
    match &request.request {
        #[expect(deprecated, reason = "the revisions with sessions have it")]
        ClientRequest::SetLevelRequest(request) => Some(Grant::Level(log_level(request.params.level))),
        ClientRequest::SubscribeRequest(request) => Some(Grant::Subscribe(request.params.uri.clone())),
        ClientRequest::UnsubscribeRequest(request) => Some(Grant::Unsubscribe(request.params.uri.clone())),
        _ => None,
    }
}

async fn call(node: &Arc<Node>, session: Session, id: RequestId, message: ClientJsonRpcMessage, head: Parts) -> Answer {
    let (reading, _) = start(node, Some(session.clone()), id.clone(), message, head)?;
    let first = match tokio::time::timeout(JSON_WITHIN, reading.0.next()).await {
        Ok(Some(answer)) if answer.is_last && !answer.data.is_empty() => return Ok(json(StatusCode::OK, answer.data)),
        Ok(Some(message)) if !message.is_last => Some(message),
        Ok(_) => {
            return Err(Refusal::new(StatusCode::OK, ErrorCode::INTERNAL_ERROR, "the request has no answer").to(id));
        }
        Err(_) => None,
    };
    reading.0.make_resumable();
    Ok(sse::posted(Posted::new(node.clone(), &session, reading, first)))
}
