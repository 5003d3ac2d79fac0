use std::time::Duration;

use serde_json::json;

use crate::error::{StoreError, StoreErrorKind};
use crate::ids::RandomSourceFailed;
use crate::json::TooDeep;
use crate::limits::Refused;
use crate::record::Unreadable;
use crate::task::{InvalidAnswer, RpcError};
use crate::tool::NotAForm;

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

/// Why a verb of [`Context`](super::Context) failed. Nothing was changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ContextError {
    /// The call has no default scope (contract C1).
    #[error(
        "this caller has no stored state: it is anonymous and the request belongs to no session; pass a state handle, \
         or create one"
    )]
    NoState,
    /// The handle is unknown, somebody else's, or expired.
    #[error("unknown or expired state handle")]
    UnknownHandle,
    /// The session ended while the call was running.
    #[error("the session has ended")]
    SessionGone,
    /// A request-local value of another type shadows the key (contract C2).
    #[error("the request-local value of {0:?} has another type")]
    LocalType(String),
    /// Something is too large, or a duration out of range.
    #[error(transparent)]
    Limit(#[from] Refused),
    /// What the store was given is above one of its limits, which the text names.
    #[error("{0}")]
    TooLarge(String),
    /// The value does not serialize: nothing was written, the old value is kept (contract C3).
    #[error("the value does not serialize")]
    NotSerializable(#[source] serde_json::Error),
    /// The stored value is not of the asked type.
    #[error("the stored value is not of the asked type")]
    NotReadable(#[source] serde_json::Error),
    /// Other writers won every attempt to update the key.
    #[error("too many concurrent updates of one value")]
    Contention,
    /// The client did not declare that it can answer such a request (contract T7). Nothing was recorded.
    #[error("the client does not support {0}")]
    NotDeclared(&'static str),
    /// What is to be asked is no form that a client can show. Nothing was recorded.
    #[error(transparent)]
    NotAForm(#[from] NotAForm),
    /// The key stands for another request already (contract T15).
    #[error("the key {0:?} was used for a different request")]
    KeyReused(String),
    /// The client answered with an error.
    #[error("the client failed to answer: {0}")]
    ClientFailed(String),
    /// The task was taken over, cancelled or has expired: whatever this run does no longer counts.
    #[error("the task is no longer ours")]
    TaskLost,
    /// The store failed.
    #[error("the store failed")]
    Store(#[source] StoreError),
    /// The operating system's random source failed.
    #[error(transparent)]
    Random(#[from] RandomSourceFailed),
}

impl From<StoreError> for ContextError {
    fn from(error: StoreError) -> Self {
        if error.kind == StoreErrorKind::TooLarge { Self::TooLarge(error.detail) } else { Self::Store(error) }
    }
}

impl ContextError {
    /// Whether the model can do something about it, so that its text is shown instead of masked.
    pub const fn is_for_the_model(&self) -> bool {
        matches!(
            self,
            Self::NoState
                | Self::UnknownHandle
                | Self::SessionGone
                | Self::LocalType(_)
                | Self::Limit(_)
                | Self::TooLarge(_)
                | Self::NotDeclared(_)
        )
    }
}

/// Why a request to the runtime has no result.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CallError {
    /// No such tool, or not for this caller.
    #[error("unknown tool: {0}")]
    UnknownTool(String),
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
    /// As it goes on the wire, in both eras: what is not for clients is masked, with a word in `data.reason`.
    pub fn to_rpc(&self) -> RpcError {
        match self {
            Self::UnknownTool(_) | Self::UnknownTask(_) | Self::InvalidCursor | Self::InvalidParams(_) => {
                RpcError::new(INVALID_PARAMS, self.to_string())
            }
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
