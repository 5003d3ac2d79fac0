use std::time::Duration;

use serde_json::json;

use crate::component::not_found;
use crate::error::{StoreError, StoreErrorKind};
use crate::ids::RandomSourceFailed;
use crate::json::TooDeep;
use crate::record::Unreadable;
use crate::task::{InvalidAnswer, RpcError};

/// The JSON-RPC code of a request refused for lack of room: `data.retryAfterMs` says when to come back.
pub const OVERLOADED: i32 = 429;
/// The JSON-RPC code of the result of a cancelled task.
pub const CANCELLED: i32 = 499;
/// Invalid params.
pub const INVALID_PARAMS: i32 = -32602;
/// Method not found.
pub const METHOD_NOT_FOUND: i32 = -32601;

/// The client did not declare what the request needs: `data.requiredCapabilities` says what (2026-07-28).
pub const MISSING_CAPABILITY: i32 = -32021;

/// Why a request to the runtime has no result.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CallError {
    /// No such tool, or not for this caller.
    #[error("unknown tool: {0}")]
    UnknownTool(String),
    /// No such prompt, or not for this caller.
    #[error("unknown prompt: {0}")]
    UnknownPrompt(String),
    /// No such resource, or not for this caller. By its URI.
    #[error("resource not found")]
    UnknownResource(String),
    /// The tool runs as a task only, and the client knows no tasks.
    #[error("this tool runs as a task only")]
    TaskOnly,
    /// The client asked for a task, and the tool runs as none.
    #[error("this tool does not run as a task")]
    NoTask,
    /// Unknown, somebody else's or expired: all alike.
    #[error("unknown task: {0}")]
    UnknownTask(String),
    /// A page cursor that this listing did not produce for this caller.
    #[error("invalid cursor")]
    InvalidCursor,
    /// A request that does not fit the tool or the state of the task.
    #[error("{0}")]
    InvalidParams(String),
    /// An answer does not fit what was asked.
    #[error(transparent)]
    InvalidAnswer(#[from] InvalidAnswer),
    /// The handler cannot do without asking the client this, and the client did not declare that it can be asked.
    #[error("the client does not support {0}")]
    NotDeclared(&'static str),
    /// What the client sent is nested too deeply to be kept.
    #[error(transparent)]
    TooDeep(#[from] TooDeep),
    /// A JSON-RPC error raised by the handler.
    #[error("{}", .0.message)]
    Rpc(RpcError),
    /// No room.
    #[error("overloaded: {resource}")]
    Overloaded {
        /// What there is not enough of.
        resource: &'static str,
        /// When to come back.
        retry_after: Duration,
    },
    /// The call took longer than its tool may.
    #[error("the call timed out")]
    Timeout,
    /// The client went away or cancelled.
    #[error("the call was cancelled")]
    Cancelled,
    /// The handler panicked.
    #[error("the handler panicked")]
    Panicked,
    /// The handler failed with an error that is not for the wire.
    #[error("the handler failed")]
    Masked,
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
    /// A stored record cannot be read.
    #[error("a stored record is not readable")]
    Unreadable(#[from] Unreadable),
    /// A record could not be written down.
    #[error("a record does not serialize")]
    NotSerializable(#[from] serde_json::Error),
    /// The operating system's random source failed.
    #[error(transparent)]
    Random(#[from] RandomSourceFailed),
}

impl CallError {
    /// As it goes on the wire, in both eras, but that a resource that is not found has the code of 2025-11-25
    /// ([`RESOURCE_NOT_FOUND`](crate::component::RESOURCE_NOT_FOUND)): what is not for clients is masked, with a word in `data.reason`.
    pub fn to_rpc(&self) -> RpcError {
        match self {
            Self::UnknownTool(_)
            | Self::UnknownPrompt(_)
            | Self::UnknownTask(_)
            | Self::InvalidCursor
            | Self::InvalidParams(_) => RpcError::new(INVALID_PARAMS, self.to_string()),
            Self::UnknownResource(uri) => not_found(uri),
            Self::TaskOnly | Self::NoTask => RpcError::new(METHOD_NOT_FOUND, self.to_string()),
            Self::InvalidAnswer(_) | Self::TooDeep(_) => RpcError::new(INVALID_PARAMS, self.to_string()),
            Self::NotDeclared(method) => {
                let capability = method.split('/').next().unwrap_or_default();
                RpcError::new(MISSING_CAPABILITY, self.to_string())
                    .with_data(json!({ "requiredCapabilities": { capability: {} } }))
            }
            Self::Rpc(error) => error.clone(),
            Self::Overloaded { resource, retry_after } => {
                let retry_after = u64::try_from(retry_after.as_millis()).unwrap_or(u64::MAX);
                RpcError::new(OVERLOADED, self.to_string())
                    .with_data(json!({ "resource": resource, "retryAfterMs": retry_after }))
            }
            Self::Timeout => RpcError::internal("timeout"),
            Self::Cancelled => RpcError::new(CANCELLED, "Cancelled"),
            Self::Panicked => RpcError::internal("panic"),
            Self::Masked => RpcError::internal("tool failed"),
            Self::Store(error) if error.kind == StoreErrorKind::TooLarge => {
                RpcError::new(INVALID_PARAMS, error.detail.clone())
            }
            Self::Store(_) => RpcError::internal("store unavailable"),
            Self::Unreadable(_) | Self::NotSerializable(_) | Self::Random(_) => RpcError::internal("internal"),
        }
    }
}
