use std::net::{IpAddr, SocketAddr};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use ::http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, header, request::Parts};
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::response::Response;
use bytes::Bytes;
use fastestmcp_rmcp::SharedHttpService;
use futures_util::FutureExt;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Body as _;
use rmcp::model::ProtocolVersion;
use serde_json::Value;

use super::refusal::Refusal;
use super::{cors, media};
use crate::auth::{Authenticator, Challenge, Identified};
use crate::handler::McpHandler;
use crate::telemetry::{Shown, TARGET};
use crate::wire::BYTE_ORDER_MARK;
use crate::wire::inbound::{Renamed, Unread};

const METHOD: &str = "mcp-method";
const REVISION: &str = "mcp-protocol-version";
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
        let (parts, body) = request.into_parts();
        if let Some(misdirected) = self.service.misdirected(&parts).await {
            self.pass_over(&parts, body);
            return misdirected.map(Body::new);
        }
        let origin = parts.headers.get(header::ORIGIN).cloned();
        cors::let_read(self.answer_directed(parts, body).await, origin)
    }

    /// The answer to what is for this endpoint.
    async fn answer_directed(&self, mut parts: Parts, body: Body) -> Response {
        if !is_served(&parts.method) {
            self.pass_over(&parts, body);
            return cors::preflight(&parts).unwrap_or_else(|| Refusal::NoMethod.response(&Value::Null));
        }
        let identified = match self.identify(&parts).await {
            Ok(identified) => identified,
            Err(challenge) => {
                self.pass_over(&parts, body);
                return Refusal::Unidentified(challenge).response(&Value::Null);
            }
        };
        if parts.method == Method::POST && !media::is_json(&parts.headers) {
            self.pass_over(&parts, body);
            return Refusal::NotJson.response(&Value::Null);
        }
        let sent = match tokio::time::timeout(self.body_timeout, self.read(&parts, body)).await {
            Ok(Ok(body)) => body,
            Ok(Err(refusal)) => return refusal.response(&Value::Null),
            Err(_) => return Refusal::TooSlow { limit: self.body_timeout }.response(&Value::Null),
        };
        let renamed = Renamed::of(&sent).and_then(|renamed| rename(&mut parts, renamed));
        parts.extensions.insert(identified);
        media::name_accepted(&parts.method, &mut parts.headers);
        let unknown_revision = unknown_revision(&parts.headers);
        // On the heap, or every move of the futures around it would copy all it can ever hold.
        let response = Box::pin(self.service.answer(parts, renamed.unwrap_or_else(|| sent.clone()))).await;
        readable(&sent, unknown_revision, response.map(Body::new))
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
        Ok(Arc::new(Identified::new(auth, self.address(parts), parts.headers.clone())))
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
                Ok(body) => return Ok(unmarked(body.to_bytes())),
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

const fn is_served(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::POST | Method::DELETE)
}

/// A body without the mark that some programs begin text with.
fn unmarked(body: Bytes) -> Bytes {
    if body.starts_with(BYTE_ORDER_MARK) { body.slice(BYTE_ORDER_MARK.len()..) } else { body }
}

/// The revision that the head of a request names, if there is none such.
fn unknown_revision(headers: &HeaderMap) -> Option<String> {
    let named = headers.get(REVISION)?;
    let is_known = ProtocolVersion::KNOWN_VERSIONS.iter().any(|known| named.as_bytes() == known.as_str().as_bytes());
    (!is_known).then(|| String::from_utf8_lossy(named.as_bytes()).into_owned())
}

/// The body to pass on under another method. A header that names the method follows it, but only if both agreed before.
fn rename(parts: &mut Parts, renamed: Renamed) -> Option<Bytes> {
    if let Some(header) = parts.headers.get_mut(METHOD) {
        if *header != *renamed.from {
            return None;
        }
        *header = HeaderValue::try_from(renamed.to).ok()?;
    }
    Some(renamed.message)
}

/// The protocol layer calls a message that it cannot read an unsupported media type, and does not say which revisions there
/// are.
fn readable(sent: &[u8], unknown_revision: Option<String>, response: Response) -> Response {
    match (response.status(), unknown_revision) {
        (StatusCode::BAD_REQUEST, Some(requested)) if is_plain(&response) => {
            Refusal::UnknownRevision { requested }.response(&Unread::of(sent).id)
        }
        (StatusCode::UNSUPPORTED_MEDIA_TYPE, _) if is_plain(&response) => {
            let unread = Unread::of(sent);
            Refusal::Unreadable { json: unread.is_json }.response(&unread.id)
        }
        _ => response,
    }
}

/// Whether it carries words instead of a JSON-RPC message.
fn is_plain(response: &Response) -> bool {
    response.headers().get(header::CONTENT_TYPE).is_none_or(|kind| kind != "application/json")
}
