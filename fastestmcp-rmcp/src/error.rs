use fastestmcp_core::error::StoreError;

/// Why something was not sent to the client of a session.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SendError {
    /// It does not serialize.
    #[error("the message does not serialize")]
    Json(#[from] serde_json::Error),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// As much is under way as may be.
    #[error("too many requests at once")]
    Overloaded,
    /// There is no session to send it to.
    #[error("there is no session yet")]
    NoSession,
}
