use std::net::{IpAddr, SocketAddr};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use ::http::{HeaderName, HeaderValue, Method, Request, StatusCode, header, request::Parts};
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::response::Response;
use bytes::Bytes;
use fastestmcp_rmcp::SharedHttpService;
use futures_util::FutureExt;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Body as _;
use serde_json::Value;

use super::refusal::Refusal;
use crate::auth::{Authenticator, Challenge, Identified};
use crate::handler::McpHandler;
use crate::telemetry::{Shown, TARGET};
use crate::wire::inbound::{self, Envelope, Looked};

const METHOD: &str = "mcp-method";
/// How long an authenticator may take.
const AUTHENTICATION: Duration = Duration::from_secs(10);
/// When to come back if it could not be told who makes a request.
const COME_BACK: Duration = Duration::from_secs(1);
/// How many times the largest body is read and thrown away to tell a client, who reads only when it has written, that
/// its body is too large.
const DRAINED: usize = 4;

/// One MCP endpoint.
pub(super) struct Endpoint {
    pub(super) service: SharedHttpService<McpHandler>,
    pub(super) authenticator: Arc<dyn Authenticator>,
    /// Where a proxy says from where a request comes.
    pub(super) address_header: Option<HeaderName>,
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
        if let Some(misdirected) = self.service.misdirected(&parts).await {
            self.pass_over(&parts, body);
            return misdirected.map(Body::new);
        }
        let identified = match self.identify(&parts).await {
            Ok(identified) => identified,
            Err(challenge) => {
                self.pass_over(&parts, body);
                return Refusal::Unidentified(challenge).response(&Value::Null);
            }
        };
        let sent = match tokio::time::timeout(self.body_timeout, self.read(&parts, body)).await {
            Ok(Ok(body)) => body,
            Ok(Err(refusal)) => return refusal.response(&Value::Null),
            Err(_) => return Refusal::TooSlow { limit: self.body_timeout }.response(&Value::Null),
        };
        let Looked { envelope, renamed } = inbound::look(&sent);
        let body = renamed.and_then(|renamed| rename(&mut parts, &envelope, renamed)).unwrap_or(sent);
        parts.extensions.insert(identified);
        // On the heap, or every move of the futures around it would copy all it can ever hold.
        let response = Box::pin(self.service.answer(parts, body)).await.map(Body::new);
        readable(&envelope, response)
    }

    /// Who makes a request, and from where. Before anything of its body is read.
    async fn identify(&self, parts: &Parts) -> Result<Arc<Identified>, Challenge> {
        // The synchronous part of it included.
        let asking = AssertUnwindSafe(async { self.authenticator.authenticate(parts).await }).catch_unwind();
        let auth = match tokio::time::timeout(AUTHENTICATION, asking).await {
            Ok(Ok(auth)) => auth?,
            Ok(Err(_)) => {
                tracing::error!(target: TARGET, "an authenticator panicked");
                return Err(Challenge::Unavailable(COME_BACK));
            }
            Err(_) => {
                tracing::warn!(target: TARGET, "an authenticator did not answer in time");
                return Err(Challenge::Unavailable(COME_BACK));
            }
        };
        if auth.expires.is_some_and(|expires| expires <= SystemTime::now()) {
            return Err(Challenge::invalid_token());
        }
        Ok(Arc::new(Identified::new(auth, self.address(parts))))
    }

    /// Lets a client write a body to its end that nobody reads: one who reads only then would find the connection reset
    /// instead of its answer, which does not wait for this.
    fn pass_over(&self, parts: &Parts, body: Body) {
        // One who waits to be told to go on with its body does not write it.
        if body.is_end_stream() || parts.headers.contains_key(header::EXPECT) {
            return;
        }
        let mut rest = Limited::new(body, self.max_body.saturating_mul(DRAINED));
        let limit = self.body_timeout;
        tokio::spawn(tokio::time::timeout(limit, async move { while let Some(Ok(_)) = rest.frame().await {} }));
    }

    /// The address of the client: what a proxy says that the operator trusts, or of the other end of the connection.
    fn address(&self, parts: &Parts) -> Option<IpAddr> {
        let said = self.address_header.as_ref().and_then(|name| {
            // The last is that of the nearest proxy; what comes before it the client may have written.
            let last = parts.headers.get_all(name).iter().next_back()?.to_str().ok()?.rsplit(',').next()?.trim();
            last.parse().ok().or_else(|| last.parse().ok().map(|with_port: SocketAddr| with_port.ip()))
        });
        // What did not come through the proxy is not let off.
        said.or_else(|| parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|peer| peer.0.ip()))
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
}

/// The body to pass on under another method. A header that names the method follows it, but only if both agreed before.
fn rename(parts: &mut Parts, envelope: &Envelope, (renamed, message): (String, Bytes)) -> Option<Bytes> {
    if let Some(header) = parts.headers.get_mut(METHOD) {
        if !header.to_str().is_ok_and(|method| envelope.is(method)) {
            return None;
        }
        *header = HeaderValue::try_from(renamed).ok()?;
    }
    Some(message)
}

/// The protocol layer calls a message that it cannot read an unsupported media type.
fn readable(envelope: &Envelope, response: Response) -> Response {
    if response.status() == StatusCode::UNSUPPORTED_MEDIA_TYPE && is_plain(&response) {
        return Refusal::Unreadable { json: envelope.is_json }.response(&envelope.id);
    }
    response
}

/// Whether it carries words instead of a JSON-RPC message.
fn is_plain(response: &Response) -> bool {
    response.headers().get(header::CONTENT_TYPE).is_none_or(|kind| kind != "application/json")
}
