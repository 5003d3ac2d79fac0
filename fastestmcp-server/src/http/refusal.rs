use std::time::Duration;

use ::http::{HeaderValue, StatusCode, header};
use axum::body::Body;
use axum::response::Response;
use fastestmcp_core::operation::OVERLOADED;
use fastestmcp_core::task::RpcError;
use rmcp::model::{ErrorCode, ProtocolVersion};
use serde_json::{Value, json};

use crate::auth::Challenge;
use crate::telemetry::TARGET;

const PARSE_ERROR: i32 = -32700;
const INVALID_REQUEST: i32 = -32600;

/// A request that gets another answer than the protocol layer's.
#[derive(Debug)]
pub(super) enum Refusal {
    /// There is as much of something as there may be.
    Overloaded { resource: &'static str, retry_after: Duration },
    /// The revision that a header names does not exist here.
    UnknownRevision { requested: String },
    /// The endpoint has no such method.
    NoMethod,
    /// The body is said to be something else than JSON.
    NotJson,
    /// Who makes it has not shown who they are, or may not make it.
    Unidentified(Challenge),
    /// The body is larger than allowed, in bytes.
    TooLarge { limit: usize },
    /// The body took longer than it may.
    TooSlow { limit: Duration },
    /// The body is no JSON, or no JSON-RPC message.
    Unreadable { json: bool },
}

impl Refusal {
    /// The response to a request with this id.
    pub(super) fn response(&self, id: &Value) -> Response {
        let (status, error) = self.reason();
        let mut response = Response::new(Body::from(message(id, &error).to_string()));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Self::Overloaded { retry_after, .. } | Self::Unidentified(Challenge::Unavailable(retry_after)) = self {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(retry_after.as_secs().max(1)));
        }
        if matches!(self, Self::NoMethod) {
            headers.insert(header::ALLOW, HeaderValue::from_static("GET, POST, DELETE"));
        }
        if let Self::Unidentified(Challenge::Unauthorized(value) | Challenge::Forbidden(value)) = self {
            let value = HeaderValue::try_from(value).unwrap_or_else(|error| {
                tracing::warn!(target: TARGET, %error, "a challenge is no value of a header");
                // A 401 must have one (RFC 9110).
                HeaderValue::from_static("Bearer")
            });
            headers.insert(header::WWW_AUTHENTICATE, value);
        }
        response
    }

    /// The JSON-RPC message that answers what has no id that could be read.
    pub(super) fn message(&self) -> Value {
        message(&Value::Null, &self.reason().1)
    }

    fn reason(&self) -> (StatusCode, RpcError) {
        match self {
            Self::Overloaded { resource, retry_after } => {
                let retry_after = u64::try_from(retry_after.as_millis()).unwrap_or(u64::MAX);
                let error = RpcError::new(OVERLOADED, format!("overloaded: {resource}"))
                    .with_data(json!({ "resource": resource, "retryAfterMs": retry_after }));
                (StatusCode::SERVICE_UNAVAILABLE, error)
            }
            Self::Unidentified(Challenge::Unauthorized(_)) => {
                (StatusCode::UNAUTHORIZED, RpcError::new(INVALID_REQUEST, "Unauthorized"))
            }
            Self::Unidentified(Challenge::Forbidden(_)) => {
                (StatusCode::FORBIDDEN, RpcError::new(INVALID_REQUEST, "Forbidden"))
            }
            Self::Unidentified(Challenge::Unavailable(retry_after)) => {
                Self::Overloaded { resource: "authentication", retry_after: *retry_after }.reason()
            }
            Self::UnknownRevision { requested } => {
                let supported = ProtocolVersion::KNOWN_VERSIONS;
                let words: Vec<_> = supported.iter().map(ProtocolVersion::as_str).collect();
                let message = format!("Unsupported protocol version: supported are {}", words.join(", "));
                let error = RpcError::new(ErrorCode::UNSUPPORTED_PROTOCOL_VERSION.0, message)
                    .with_data(json!({ "requested": requested, "supported": supported }));
                (StatusCode::BAD_REQUEST, error)
            }
            Self::NoMethod => (StatusCode::METHOD_NOT_ALLOWED, RpcError::new(INVALID_REQUEST, "Method not allowed")),
            Self::NotJson => {
                let error = RpcError::new(INVALID_REQUEST, "Content-Type must be application/json");
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, error)
            }
            Self::TooLarge { limit } => {
                let message = format!("the request is larger than {limit} bytes");
                (StatusCode::PAYLOAD_TOO_LARGE, RpcError::new(INVALID_REQUEST, message))
            }
            Self::TooSlow { limit } => {
                let message = format!("the request took longer than {limit:?} to arrive");
                (StatusCode::REQUEST_TIMEOUT, RpcError::new(INVALID_REQUEST, message))
            }
            Self::Unreadable { json: true } => {
                (StatusCode::BAD_REQUEST, RpcError::new(INVALID_REQUEST, "Invalid Request"))
            }
            Self::Unreadable { json: false } => (StatusCode::BAD_REQUEST, RpcError::new(PARSE_ERROR, "Parse error")),
        }
    }
}

fn message(id: &Value, error: &RpcError) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "error": error })
}
