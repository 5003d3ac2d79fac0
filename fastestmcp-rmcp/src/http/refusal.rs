use std::time::Duration;

use fastestmcp_core::error::StoreError;
use fastestmcp_core::operation::OVERLOADED;
use fastestmcp_core::task::RpcError;
use http::{HeaderValue, Response, StatusCode, header};
use rmcp::model::{ErrorCode, ErrorData, ProtocolVersion, RequestId};
use serde_json::json;

use super::json as respond;
use crate::body::ResponseBody;

const INVALID_REQUEST: ErrorCode = ErrorCode::INVALID_REQUEST;
/// When to come back where nothing says better.
const COME_BACK: Duration = Duration::from_secs(1);

/// A request that is not carried out, and what its client is told.
#[derive(Debug)]
pub(crate) struct Refusal {
    status: StatusCode,
    error: ErrorData,
    id: Option<RequestId>,
    retry_after: Option<Duration>,
}

impl Refusal {
    pub(crate) fn new(status: StatusCode, code: ErrorCode, message: &'static str) -> Self {
        Self { status, error: ErrorData::new(code, message, None), id: None, retry_after: None }
    }

    pub(super) fn bad(message: &'static str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, INVALID_REQUEST, message)
    }

    /// The endpoint has no such method.
    pub(crate) fn no_method() -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, INVALID_REQUEST, "Method not allowed")
    }

    /// Unknown, somebody else's, ended or expired: all alike.
    pub(super) fn no_session() -> Self {
        Self::new(StatusCode::NOT_FOUND, INVALID_REQUEST, "Session not found")
    }

    /// A revision that this server does not speak.
    pub(super) fn unsupported_revision(named: &str) -> Self {
        let supported = ProtocolVersion::KNOWN_VERSIONS.iter().map(ProtocolVersion::as_str).collect::<Vec<_>>();
        let message = format!("Unsupported protocol version: supported are {}", supported.join(", "));
        // What a client sent goes back no longer than any revision is.
        let named: String = named.chars().take(32).collect();
        let data = json!({ "requested": named, "supported": supported });
        let error = ErrorData::new(ErrorCode::UNSUPPORTED_PROTOCOL_VERSION, message, Some(data));
        Self { status: StatusCode::BAD_REQUEST, error, id: None, retry_after: None }
    }

    /// There is no room for it, or no right to it.
    pub(super) fn of(error: RpcError) -> Self {
        let (code, retry_after) = (error.code, error.data.as_ref().and_then(|data| data["retryAfterMs"].as_u64()));
        let status = match ErrorCode(code) {
            ErrorCode(OVERLOADED) => StatusCode::SERVICE_UNAVAILABLE,
            ErrorCode::INTERNAL_ERROR => StatusCode::INTERNAL_SERVER_ERROR,
            _ => StatusCode::FORBIDDEN,
        };
        let retry_after = retry_after.map(Duration::from_millis);
        Self { status, error: ErrorData::new(ErrorCode(code), error.message, error.data), id: None, retry_after }
    }

    pub(super) fn overloaded(resource: &'static str, retry_after: Duration) -> Self {
        let retry_after_ms = u64::try_from(retry_after.as_millis()).unwrap_or(u64::MAX);
        let data = json!({ "resource": resource, "retryAfterMs": retry_after_ms });
        Self::of(RpcError::new(OVERLOADED, format!("overloaded: {resource}")).with_data(data))
    }

    pub(super) fn unavailable(error: &(dyn std::error::Error + 'static)) -> Self {
        tracing::error!(error, "a session could not be served");
        let error = ErrorData::internal_error("store unavailable", Some(json!({ "reason": "store unavailable" })));
        Self { status: StatusCode::SERVICE_UNAVAILABLE, error, id: None, retry_after: Some(COME_BACK) }
    }

    /// Of a request with this id: what only failed is an answer like any other, since clients read no other.
    pub(super) fn to(mut self, id: RequestId) -> Self {
        if self.error.code == ErrorCode::INTERNAL_ERROR {
            self.status = StatusCode::OK;
        }
        Self { id: Some(id), ..self }
    }

    pub(crate) fn response(self) -> Response<ResponseBody> {
        let body = json!({ "jsonrpc": "2.0", "id": self.id, "error": self.error });
        let mut response = respond(self.status, body.to_string().into());
        if response.status() == StatusCode::METHOD_NOT_ALLOWED {
            response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, POST, DELETE"));
        }
        if let Some(after) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(after.as_secs().max(1)));
        }
        response
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self::unavailable(&error)
    }
}
