use std::sync::Arc;
use std::time::Duration;

use ::http::{HeaderValue, Method, Request, StatusCode, header, request::Parts};
use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use rmcp::transport::StreamableHttpService;
use serde::de::IgnoredAny;

use super::call::HttpCall;
use super::refusal::Refusal;
use super::sessions::RegistrySessions;
use crate::handler::McpHandler;
use crate::telemetry::{Shown, TARGET};
use crate::wire::inbound;

const SESSION: &str = "mcp-session-id";
const METHOD: &str = "mcp-method";
/// How often a request is tried whose session was being restored by another one at the same time.
const TRIES: usize = 3;
/// How many times the largest body is read and thrown away to tell a client, who reads only when it has written, that
/// its body is too large.
const DRAINED: usize = 4;

/// One MCP endpoint.
pub(super) struct Endpoint {
    pub(super) service: StreamableHttpService<McpHandler, RegistrySessions>,
    pub(super) max_body: usize,
    /// How long a body may take to arrive.
    pub(super) body_timeout: Duration,
}

impl Endpoint {
    /// Serves one HTTP request.
    pub(super) async fn serve(&self, request: Request<Body>) -> Response {
        let method = request.method().clone();
        let response = self.answer(request).await;
        let status = response.status();
        if !status.is_success() {
            tracing::debug!(target: TARGET, http = %Shown(method.as_str()), status = status.as_u16(), "refused");
        }
        response
    }

    async fn answer(&self, request: Request<Body>) -> Response {
        let (mut parts, body) = request.into_parts();
        let sent = match tokio::time::timeout(self.body_timeout, self.read(&parts, body)).await {
            Ok(Ok(body)) => body,
            Ok(Err(refusal)) => return refusal.response(&[]),
            Err(_) => return Refusal::TooSlow { limit: self.body_timeout }.response(&[]),
        };
        let body = rename(&mut parts, &sent);
        let call = Arc::new(HttpCall::new(&parts, sent));
        parts.extensions.insert(call.clone());
        let spare = parts.headers.contains_key(SESSION).then(|| parts.clone());
        let mut response = self.pass(&call, parts, body.clone()).await;
        if let Some(spare) = spare {
            for _ in 1..TRIES {
                if !is_race(&call, &response) {
                    break;
                }
                response = self.pass(&call, spare.clone(), body.clone()).await;
            }
        }
        match call.refusal() {
            Some(refusal) => refusal.response(call.body()),
            None => readable(&call, response),
        }
    }

    /// The whole body, if it is small enough (contract R5).
    async fn read(&self, parts: &Parts, mut body: Body) -> Result<Bytes, Refusal> {
        if parts.method != Method::POST {
            return Ok(Bytes::new());
        }
        let declared = parts.headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
        if declared.is_none_or(|length: usize| length <= self.max_body) {
            match Limited::new(&mut body, self.max_body).collect().await {
                Ok(body) => return Ok(body.to_bytes()),
                Err(error) if error.is::<LengthLimitError>() => {}
                // The client went away in the middle of it.
                Err(_) => return Err(Refusal::Unreadable { json: false }),
            }
        }
        let mut rest = Limited::new(body, self.max_body.saturating_mul(DRAINED));
        while let Some(Ok(_)) = rest.frame().await {}
        Err(Refusal::TooLarge { limit: self.max_body })
    }

    async fn pass(&self, call: &Arc<HttpCall>, parts: Parts, body: Bytes) -> Response {
        let request = Request::from_parts(parts, Full::new(body));
        // On the heap, or every move of the futures around it would copy all it can ever hold.
        let work = Box::pin(self.service.handle(request));
        call.scope(work).await.map(Body::new)
    }
}

/// The body to pass on. A header that names the method follows it, but only if both agreed before.
fn rename(parts: &mut Parts, sent: &Bytes) -> Bytes {
    let Some(renamed) = inbound::rename(sent) else { return sent.clone() };
    if let Some(method) = parts.headers.get_mut(METHOD) {
        match HeaderValue::try_from(&renamed.renamed) {
            Ok(value) if *method == renamed.method => *method = value,
            _ => return sent.clone(),
        }
    }
    Bytes::from(renamed.message)
}

/// Whether a live session was not served only because another request was restoring it at the same time. Nothing has
/// been delivered then.
fn is_race(call: &HttpCall, response: &Response) -> bool {
    let failed = matches!(response.status(), StatusCode::NOT_FOUND | StatusCode::INTERNAL_SERVER_ERROR);
    failed && call.session().is_some() && call.refusal().is_none()
}

/// The protocol layer calls a message that it cannot read an unsupported media type, and an `initialize` whose params it
/// cannot read a request without a session.
fn readable(call: &HttpCall, response: Response) -> Response {
    let body = call.body();
    match response.status() {
        StatusCode::UNSUPPORTED_MEDIA_TYPE => match serde_json::from_slice::<IgnoredAny>(body) {
            Ok(_) => Refusal::Unreadable { json: true }.response(body),
            Err(_) => Refusal::Unreadable { json: false }.response(body),
        },
        StatusCode::BAD_REQUEST if is_plain(&response) && inbound::method(body).as_deref() == Some("initialize") => {
            Refusal::BadInitialize.response(body)
        }
        _ => response,
    }
}

/// Whether it carries words instead of a JSON-RPC message.
fn is_plain(response: &Response) -> bool {
    response.headers().get(header::CONTENT_TYPE).is_none_or(|kind| kind != "application/json")
}
