use crate::error::{StoreError, StoreErrorKind};
use crate::ids::RandomSourceFailed;
use crate::json::TooDeep;
use crate::limits::Refused;

use super::form::NotAForm;

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
                | Self::ClientFailed(_)
        )
    }
}

pub(super) fn too_deep(error: TooDeep) -> ContextError {
    ContextError::NotSerializable(serde::ser::Error::custom(error))
}
