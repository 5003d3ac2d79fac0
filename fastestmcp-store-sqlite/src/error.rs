use fastestmcp_core::backend::Site;
use fastestmcp_core::error::{Outcome, StoreError, StoreErrorKind};
use fastestmcp_core::limits::Refused;
use fastestmcp_core::page::InvalidPosition;
use rusqlite::ErrorCode;
use rusqlite::ffi::SQLITE_CONSTRAINT_DATATYPE;

/// The name of this backend in errors.
pub(crate) const BACKEND: &str = "sqlite";

/// Why an operation could not produce a value, before it is known for whom and whether it was applied.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    #[error("{0}")]
    Corrupt(&'static str),
    #[error(transparent)]
    Cursor(#[from] InvalidPosition),
    #[error(transparent)]
    Refused(#[from] Refused),
    #[error("the operation panicked")]
    Panicked,
    #[error("the deadline passed before the lock was free")]
    Late,
}

impl Failure {
    pub(crate) fn kind(&self) -> StoreErrorKind {
        match self {
            Self::Sqlite(error) => kind_of(error),
            Self::Corrupt(_) => StoreErrorKind::Corrupt,
            Self::Cursor(_) => StoreErrorKind::InvalidCursor,
            Self::Refused(refused) => refused.kind(),
            Self::Panicked => StoreErrorKind::Unexpected,
            Self::Late => StoreErrorKind::Timeout,
        }
    }

    /// Whether what is stored cannot be read: the fault of one record, which its neighbours must not notice (G16).
    pub(crate) fn is_damage(&self) -> bool {
        self.kind() == StoreErrorKind::Corrupt
    }

    /// Whether another connection is in the way, and waiting helps.
    pub(crate) fn is_busy(&self) -> bool {
        self.kind() == StoreErrorKind::Contention
    }

    pub(crate) fn to_error(&self, operation: &'static str, outcome: Outcome) -> StoreError {
        let error = StoreError::new(self.kind(), BACKEND, operation, self.to_string());
        match outcome {
            Outcome::NotApplied => error,
            Outcome::Unknown => error.unknown(),
        }
    }
}

/// Tells the operator of a row that was stepped over. Its number says which it is and nothing else of it.
pub(crate) fn stepped_over(operation: &'static str, table: &'static str, row: i64) {
    Site { backend: BACKEND, operation }.stepped_over(table, &format!("row {row}"));
}

fn kind_of(error: &rusqlite::Error) -> StoreErrorKind {
    use rusqlite::Error as E;
    match error {
        E::SqliteFailure(cause, _) => match cause.code {
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::FileLockingProtocolFailed => {
                StoreErrorKind::Contention
            }
            ErrorCode::DiskFull => StoreErrorKind::StorageFull,
            ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => StoreErrorKind::Corrupt,
            // What we write is of the right type, so the row that is written over is not.
            ErrorCode::ConstraintViolation if cause.extended_code == SQLITE_CONSTRAINT_DATATYPE => {
                StoreErrorKind::Corrupt
            }
            ErrorCode::SystemIoFailure
            | ErrorCode::CannotOpen
            | ErrorCode::PermissionDenied
            | ErrorCode::ReadOnly
            | ErrorCode::OutOfMemory => StoreErrorKind::Unavailable,
            ErrorCode::OperationInterrupted => StoreErrorKind::Timeout,
            ErrorCode::TooBig => StoreErrorKind::TooLarge,
            _ => StoreErrorKind::Unexpected,
        },
        E::FromSqlConversionFailure(..)
        | E::IntegralValueOutOfRange(..)
        | E::InvalidColumnType(..)
        | E::Utf8Error(..)
        | E::QueryReturnedNoRows => StoreErrorKind::Corrupt,
        _ => StoreErrorKind::Unexpected,
    }
}
