use std::error::Error as StdError;
use std::time::Duration;

use crate::runtime::ContextError;
use crate::task::RpcError;

/// How a handler fails. Deliberately no `std::error::Error`, so that `?` takes any error.
///
/// What a handler raises for the model reaches it; what comes through `?` from elsewhere is logged and masked on the
/// wire (contract R4), except those errors of [`ContextError`] that the model can act on.
#[derive(Debug)]
pub struct ToolError(pub(crate) Failure);

#[derive(Debug)]
pub(crate) enum Failure {
    /// Text the model sees.
    Visible(String),
    /// A JSON-RPC error.
    Rpc(RpcError),
    /// Run me again after this.
    Retry(Duration, String),
    /// The client lacks what this method needs.
    Undeclared(&'static str),
    /// Logged, not shown.
    Masked(Box<dyn StdError + Send + Sync>),
}

impl ToolError {
    /// A failure the model should read: a result marked `isError`.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Failure::Visible(text.into()))
    }

    /// A JSON-RPC error.
    pub const fn rpc(error: RpcError) -> Self {
        Self(Failure::Rpc(error))
    }

    /// Asks for another run after at least `after`; backoff grows from it with every attempt. Only for tasks that may
    /// rerun; anywhere else it is a failure that shows `text`.
    pub fn retry(after: Duration, text: impl Into<String>) -> Self {
        Self(Failure::Retry(after, text.into()))
    }
}

impl<E: StdError + Send + Sync + 'static> From<E> for ToolError {
    fn from(error: E) -> Self {
        let any: &(dyn StdError + 'static) = &error;
        match any.downcast_ref::<ContextError>() {
            Some(ContextError::NotDeclared(method)) => Self(Failure::Undeclared(method)),
            Some(error) if error.is_for_the_model() => Self::new(error.to_string()),
            _ => Self(Failure::Masked(Box::new(error))),
        }
    }
}
