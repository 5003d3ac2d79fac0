use std::error::Error as StdError;
use std::time::Duration;

use crate::error::StoreError;
use crate::task::RpcError;

use super::error::ContextError;

/// How a handler fails. Deliberately no `std::error::Error`, so that `?` takes any error.
///
/// What a handler raises for the model reaches it; what comes through `?` from elsewhere is logged and masked on the
/// wire (contract R4), except those errors of [`ContextError`] that the model can act on. The error of a store that did
/// not answer is recognised, also as the cause of another error: a task that may rerun then runs again, and that is no
/// attempt (contract T6).
///
/// ```
/// use fastestmcp_core::context::ToolError;
///
/// fn parse(text: &str) -> Result<u32, ToolError> {
///     if text.is_empty() {
///         return Err(ToolError::new("give a number")); // the model reads it
///     }
///     Ok(text.parse::<u32>()?) // logged, and masked on the wire
/// }
/// assert!(parse("").is_err());
/// ```
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
    /// The store did not answer, which is not the handler's failure (contract T6).
    Store(StoreError),
    /// Logged, not shown.
    Masked(Box<dyn StdError + Send + Sync>),
}

impl ToolError {
    /// A failure the model should read: a result marked `isError`.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Failure::Visible(text.into()))
    }

    /// A failure that is logged and masked on the wire, as `?` makes of any error; for what `?` does not take because it
    /// is no `std::error::Error` itself: `anyhow::Error`, boxed errors, text.
    ///
    /// ```
    /// use fastestmcp_core::context::ToolError;
    ///
    /// fn load() -> Result<u32, Box<dyn std::error::Error + Send + Sync>> {
    ///     Err("no such file".into())
    /// }
    /// let result: Result<u32, ToolError> = load().map_err(ToolError::internal);
    /// assert!(result.is_err());
    /// ```
    pub fn internal(error: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        let error = error.into();
        match error.downcast::<ContextError>() {
            // Boxed on its way, but the same error: it is told apart like the others.
            Ok(error) => Self::from(*error),
            Err(error) => Self(Failure::Masked(error)),
        }
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
            _ => match unanswered(any) {
                Some(store) => Self(Failure::Store(store.clone())),
                None => Self(Failure::Masked(Box::new(error))),
            },
        }
    }
}

/// The error of a store that did not answer, if that is what an error comes from, however deep.
fn unanswered<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a StoreError> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        let store = match error.downcast_ref::<ContextError>() {
            Some(ContextError::Store(store)) => Some(store),
            _ => error.downcast_ref::<StoreError>(),
        };
        if store.is_some() {
            return store.filter(|store| store.is_of_a_store_that_does_not_answer());
        }
        cause = error.source();
    }
    None
}
