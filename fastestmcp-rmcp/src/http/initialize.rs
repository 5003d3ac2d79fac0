use std::sync::Arc;

use fastestmcp_core::session::{SessionError, SessionRecord};
use http::request::Parts;
use http::{HeaderValue, StatusCode};
use rmcp::model::{ClientRequest, ErrorCode, JsonRpcMessage, ProtocolVersion};
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio_util::sync::CancellationToken;

use super::{Answer, Refusal, headers, json, post};
use crate::envelope::{Kind, SESSION};
use crate::node::Node;

/// Bytes of the params at most: they are kept as long as the session.
const LARGEST: usize = 64 << 10;

#[derive(Deserialize)]
struct Asked {
    params: Box<RawValue>,
}

#[derive(Deserialize)]
struct Answered {
    #[serde(default)]
    result: Option<Agreed>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Agreed {
    protocol_version: ProtocolVersion,
}

/// Makes a session of what the handler agrees to.
pub(super) async fn answer(node: &Arc<Node>, head: Parts, kind: Kind<'_>, body: &[u8]) -> Answer {
    let Kind::Request { id, method } = kind else { return Err(Refusal::bad("initialize has no id")) };
    let named = headers::revision(&head.headers).map_err(|refusal| refusal.to(id.clone()))?;
    if headers::session(&head.headers)?.is_some() {
        // What was agreed stays agreed.
        post::session(node, &head).await.map_err(|refusal| refusal.to(id.clone()))?;
        return Err(Refusal::bad("the session is initialized").to(id));
    }
    let invalid = || Refusal::new(StatusCode::OK, ErrorCode::INVALID_PARAMS, "invalid params of initialize");
    let message = post::parse(&method, body).map_err(|refusal| refusal.to(id.clone()))?;
    let params = serde_json::from_slice(body).map(|Asked { params }| params).ok();
    let (Some(params), JsonRpcMessage::Request(request)) = (params, &message) else { return Err(invalid().to(id)) };
    let ClientRequest::InitializeRequest(initialize) = &request.request else { return Err(invalid().to(id)) };
    if params.get().len() > LARGEST {
        return Err(invalid().to(id));
    }
    if named.is_some_and(|named| named != initialize.params.protocol_version.as_str()) {
        return Err(Refusal::bad("MCP-Protocol-Version is not the version that initialize asks for").to(id));
    }
    let caller = node.wire.caller(&head);
    let (reading, exchange) = post::start(node, None, id.clone(), message, head)?;
    // Nobody can come back for it.
    let _cancelled = CancelledOnDrop(exchange.ct.clone());
    // What the handler says before it has nobody to hear it: there is no session yet.
    let answer = loop {
        match reading.0.next().await {
            Some(message) if !message.is_last => {}
            answer => break answer.filter(|answer| !answer.data.is_empty()),
        }
    };
    let Some(answer) = answer else {
        return Err(Refusal::new(StatusCode::OK, ErrorCode::INTERNAL_ERROR, "the request has no answer").to(id));
    };
    let mut response = json(StatusCode::OK, answer.data.clone());
    let Ok(Answered { result: Some(agreed) }) = serde_json::from_slice(&answer.data) else { return Ok(response) };
    let version = agreed.protocol_version.as_str().to_owned();
    let record = SessionRecord::new(caller.auth.principal, version, params);
    let session = node.runtime.sessions().create(&record).await.map_err(|error| {
        match error {
            SessionError::Full { retry_after } => Refusal::overloaded("sessions", retry_after),
            error => Refusal::unavailable(&error),
        }
        .to(id)
    })?;
    let session = HeaderValue::try_from(session).map_err(|error| Refusal::unavailable(&error))?;
    response.headers_mut().insert(SESSION, session);
    Ok(response)
}

/// Cancels a handler that nobody waits for any more.
struct CancelledOnDrop(CancellationToken);

impl Drop for CancelledOnDrop {
    fn drop(&mut self) {
        self.0.cancel();
    }
}
