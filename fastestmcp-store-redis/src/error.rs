//! What Redis answers, as the errors of the contract (G4).

use fastestmcp_core::error::{Outcome, StoreError, StoreErrorKind};
use redis::{ErrorKind, RedisError, ServerErrorKind};

/// The name of this backend in errors.
pub(crate) const BACKEND: &str = "redis";

/// What scripts answer that were called with what the server said of itself before it changed: `scripts/lineage.lua`.
pub(crate) const STALE: &str = "STALE";

/// Why an operation could not produce a value, before it is known for whom.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// Nothing was sent: there is no connection.
    #[error("{server} cannot be reached: {cause}")]
    Unreachable { server: String, cause: String },
    /// Nothing was sent: no server could be asked, or none is in charge.
    #[error("{0}")]
    NoServer(String),
    /// The server is no primary, or was none any more after it had answered.
    #[error("the server is a replica")]
    Replica,
    /// The server was asked, and answered an error or nothing.
    #[error("{}", describe(.0))]
    Redis(RedisError),
    #[error("stored data is damaged: {0}")]
    Corrupt(&'static str),
    #[error("the reply to {0} is not understood")]
    Reply(&'static str),
    #[error("the page position is not of this listing")]
    Cursor,
    #[error("the deadline passed before anything was sent")]
    Late,
    #[error("{0}")]
    Invalid(String),
    #[error("{0}")]
    Unsupported(String),
    #[error("the store is closed")]
    Closed,
}

impl From<RedisError> for Failure {
    fn from(error: RedisError) -> Self {
        Self::Redis(error)
    }
}

/// The code and the detail that a server gave, never more: values are no part of Redis's error texts.
fn describe(error: &RedisError) -> String {
    match (error.code(), error.detail()) {
        (Some(code), Some(detail)) => format!("{code} {detail}"),
        (Some(code), None) => code.to_owned(),
        (None, _) => error.to_string(),
    }
}

impl Failure {
    pub(crate) fn kind(&self) -> StoreErrorKind {
        match self {
            Self::Unreachable { .. } | Self::NoServer(_) | Self::Replica | Self::Closed => StoreErrorKind::Unavailable,
            Self::Redis(error) => kind_of(error),
            Self::Corrupt(_) => StoreErrorKind::Corrupt,
            Self::Reply(_) => StoreErrorKind::Unexpected,
            Self::Cursor => StoreErrorKind::InvalidCursor,
            Self::Late => StoreErrorKind::Timeout,
            Self::Invalid(_) => StoreErrorKind::InvalidInput,
            Self::Unsupported(_) => StoreErrorKind::Unsupported,
        }
    }

    /// Whether a write that ended like this can have happened.
    pub(crate) fn outcome(&self) -> Outcome {
        match self {
            Self::Redis(error) if !is_refusal(error) => Outcome::Unknown,
            // The script ran to its end: what it answered is not what this release expects.
            Self::Reply(_) => Outcome::Unknown,
            _ => Outcome::NotApplied,
        }
    }

    /// The error of an operation that changes nothing.
    pub(crate) fn of_read(&self, operation: &'static str) -> StoreError {
        StoreError::new(self.kind(), BACKEND, operation, self.to_string())
    }

    /// The error of an operation that may have changed something.
    pub(crate) fn of_write(&self, operation: &'static str) -> StoreError {
        match self.outcome() {
            Outcome::NotApplied => self.of_read(operation),
            Outcome::Unknown => self.of_read(operation).unknown(),
        }
    }
}

/// Whether the server answered before its first step. (Our scripts check everything before they write, so their own
/// refusals count; an error of Lua itself does not.)
fn is_refusal(error: &RedisError) -> bool {
    matches!(kind_of_reply(error), Some(kind) if kind != StoreErrorKind::Unexpected)
}

fn kind_of(error: &RedisError) -> StoreErrorKind {
    kind_of_reply(error).unwrap_or_else(|| match error.kind() {
        ErrorKind::Io if error.is_timeout() => StoreErrorKind::Timeout,
        // What cannot be parsed came from a connection that is out of step; it is given up.
        ErrorKind::Io | ErrorKind::Parse => StoreErrorKind::Unavailable,
        ErrorKind::AuthenticationFailed => StoreErrorKind::Unavailable,
        ErrorKind::InvalidClientConfig => StoreErrorKind::InvalidInput,
        ErrorKind::RESP3NotSupported => StoreErrorKind::Unsupported,
        _ => StoreErrorKind::Unexpected,
    })
}

/// What a reply of the server means; `None` if there was none.
fn kind_of_reply(error: &RedisError) -> Option<StoreErrorKind> {
    use ServerErrorKind as S;
    Some(match error.kind() {
        ErrorKind::Server(kind) => match kind {
            S::BusyLoading | S::ReadOnly | S::MasterDown | S::ClusterDown | S::Moved | S::Ask | S::NoPerm => {
                StoreErrorKind::Unavailable
            }
            S::TryAgain => StoreErrorKind::Contention,
            S::NoScript | S::CrossSlot => StoreErrorKind::Unsupported,
            _ => StoreErrorKind::Unexpected,
        },
        ErrorKind::Extension => match error.code()? {
            "OOM" => StoreErrorKind::StorageFull,
            "MISCONF" | "NOREPLICAS" | "NOAUTH" | "WRONGPASS" | STALE => StoreErrorKind::Unavailable,
            "BUSY" => StoreErrorKind::Contention,
            "CORRUPT" | "WRONGTYPE" => StoreErrorKind::Corrupt,
            _ => StoreErrorKind::Unexpected,
        },
        _ => return None,
    })
}
