use std::fmt;

use fastestmcp_core::backend::Site;
use fastestmcp_core::error::{StoreError, StoreErrorKind};
use fastestmcp_core::page::InvalidPosition;

/// The name of this backend in errors.
pub(crate) const BACKEND: &str = "postgres";

/// An operation of this backend, as errors name it.
pub(crate) const fn site(operation: &'static str) -> Site {
    Site { backend: BACKEND, operation }
}

/// Why an operation could not produce a value, before it is known for whom.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// Before anything was sent for this operation.
    #[error("no connection: {}", Said(.0))]
    Connect(sqlx::Error),
    /// The answer to what was sent, or its absence.
    #[error("{}", Said(.0))]
    Sent(sqlx::Error),
    #[error("the deadline passed while all connections were busy")]
    Busy,
    #[error("the deadline passed before there was a connection")]
    ConnectLate,
    #[error("the deadline passed before there was an answer")]
    Late,
    #[error("the store is closed")]
    Closed,
    #[error("the server is a standby or read-only: only a primary can serve")]
    Standby,
    #[error(
        "a pooler lends our server processes to others after each transaction or statement: it has to be in session mode, \
         because LISTEN, settings and prepared statements belong to a session"
    )]
    SharedProcess,
    #[error("the server lost this namespace and has begun it anew since: the store must be opened again")]
    Namespace,
    #[error("a second connection is not served: a pooler has too few of them for us")]
    Unserved,
    #[error("an argument is too large")]
    TooLarge,
    #[error("the values asked for are larger than max_batch_bytes = {0} together: ask for fewer")]
    LargeAnswer(usize),
    #[error("the caller gave up before anything was sent")]
    Withdrawn,
    /// What was written may have been written.
    #[error("{0}")]
    Corrupt(&'static str),
    /// The server saw it before it wrote anything.
    #[error("a stored record is damaged")]
    Damaged,
    #[error("the page position is not of this listing")]
    Cursor,
}

impl From<InvalidPosition> for Failure {
    fn from(_: InvalidPosition) -> Self {
        Self::Cursor
    }
}

/// What follows from a failure for the connection and for a repetition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Remedy {
    /// None: the answer stands.
    None,
    /// The server took everything back because of others: repeat with jitter.
    Again,
    /// The server did nothing because what it knew of this connection is outdated: repeat on a fresh one.
    Reconnect,
    /// The server did nothing because it is no primary any more: repeat on a fresh connection, which may lead to another
    /// server, and leave all that lead to this one.
    Elsewhere,
    /// The connection is dead.
    Lost,
}

impl Failure {
    pub(crate) fn kind(&self) -> StoreErrorKind {
        match self {
            Self::Connect(error) | Self::Sent(error) => kind_of(error),
            Self::Busy | Self::ConnectLate | Self::Late | Self::Withdrawn => StoreErrorKind::Timeout,
            Self::Closed => StoreErrorKind::Unavailable,
            Self::Standby | Self::Unserved => StoreErrorKind::Unavailable,
            Self::SharedProcess | Self::Namespace => StoreErrorKind::Unsupported,
            Self::TooLarge | Self::LargeAnswer(_) => StoreErrorKind::TooLarge,
            Self::Corrupt(_) | Self::Damaged => StoreErrorKind::Corrupt,
            Self::Cursor => StoreErrorKind::InvalidCursor,
        }
    }

    /// Whether a write can have happened although it failed like this.
    pub(crate) fn is_open(&self) -> bool {
        match self {
            Self::Late => true,
            Self::Sent(sqlx::Error::Database(error)) => error.code().is_none_or(|code| ends_connection(&code)),
            Self::Sent(_) | Self::Corrupt(_) => true,
            _ => false,
        }
    }

    pub(crate) fn remedy(&self) -> Remedy {
        match self {
            Self::Sent(sqlx::Error::Database(error)) => match error.code().as_deref() {
                Some("40001" | "40P01") => Remedy::Again,
                // A plan that a migration outdated; a statement that a pooler forgot.
                Some("0A000" | "26000") => Remedy::Reconnect,
                Some(code) if ends_connection(code) => Remedy::Lost,
                Some("25006") => Remedy::Elsewhere,
                _ => Remedy::None,
            },
            Self::Sent(_) | Self::Connect(_) | Self::Late => Remedy::Lost,
            _ => Remedy::None,
        }
    }

    /// Whether the server could not read what it had stored, and did nothing.
    pub(crate) fn is_of_the_disk(&self) -> bool {
        let damage = |code: &str| kind_of_code(code) == StoreErrorKind::Corrupt || matches!(code, "XX000" | "58030");
        matches!(self, Self::Sent(sqlx::Error::Database(error)) if error.code().is_some_and(|code| damage(&code)))
    }

    /// The error of a read.
    pub(crate) fn of_read(self, site: Site) -> StoreError {
        site.error(self.kind(), self.to_string())
    }

    /// The error of a write.
    pub(crate) fn of_write(self, site: Site) -> StoreError {
        if self.is_open() { self.of_read(site).unknown() } else { self.of_read(site) }
    }
}

/// What an error says, once and in words for people: of the server's only its message, because what it adds can hold stored
/// values, and where in its own source the error came up helps nobody.
struct Said<'e>(&'e sqlx::Error);

impl fmt::Display for Said<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            sqlx::Error::Database(error) if error.code().as_deref() == Some("3D000") => {
                write!(f, "the {}: create it, or name another one in the URL", error.message())
            }
            sqlx::Error::Database(error) => f.write_str(error.message()),
            sqlx::Error::Io(error) => write!(f, "{error}"),
            other => write!(f, "{other}"),
        }
    }
}

/// Classes and codes with which the server ends the connection.
fn ends_connection(code: &str) -> bool {
    code.starts_with("08") || matches!(code, "57P01" | "57P02" | "57P03" | "57P05" | "25P03" | "40003")
}

fn kind_of(error: &sqlx::Error) -> StoreErrorKind {
    use sqlx::Error as E;
    match error {
        E::Database(error) => error.code().map_or(StoreErrorKind::Unexpected, |code| kind_of_code(&code)),
        E::Io(_) | E::Tls(_) | E::Protocol(_) | E::PoolTimedOut | E::PoolClosed | E::WorkerCrashed => {
            StoreErrorKind::Unavailable
        }
        E::Configuration(_) => StoreErrorKind::InvalidInput,
        E::Encode(_) => StoreErrorKind::TooLarge,
        E::Decode(_)
        | E::ColumnDecode { .. }
        | E::ColumnNotFound(_)
        | E::ColumnIndexOutOfBounds { .. }
        | E::RowNotFound => StoreErrorKind::Corrupt,
        _ => StoreErrorKind::Unexpected,
    }
}

/// SQLSTATE to kind: <https://www.postgresql.org/docs/current/errcodes-appendix.html>.
fn kind_of_code(code: &str) -> StoreErrorKind {
    match code {
        // serialization_failure, deadlock_detected, lock_not_available, out_of_memory (also of the lock table)
        "40001" | "40P01" | "55P03" | "53200" => StoreErrorKind::Contention,
        // query_canceled: statement_timeout
        "57014" => StoreErrorKind::Timeout,
        // disk_full
        "53100" => StoreErrorKind::StorageFull,
        // data_corrupted, index_corrupted, undefined_file
        "XX001" | "XX002" | "58P01" => StoreErrorKind::Corrupt,
        // undefined_table, undefined_function, undefined_column, invalid_schema_name, insufficient_privilege,
        // invalid_catalog_name: what was opened is no longer there, or not for this role
        "42P01" | "42883" | "42703" | "3F000" | "42501" | "3D000" => StoreErrorKind::Unsupported,
        // program_limit_exceeded and its kin
        "54000" | "54001" | "54011" | "54023" => StoreErrorKind::TooLarge,
        // read_only_sql_transaction, too_many_connections and other exhausted resources, admin_shutdown, crash_shutdown,
        // cannot_connect_now, idle_session_timeout, idle_in_transaction_session_timeout
        "25006" | "53000" | "53300" | "53400" | "57P01" | "57P02" | "57P03" | "57P05" | "25P03" => {
            StoreErrorKind::Unavailable
        }
        // io_error
        "58030" => StoreErrorKind::Unavailable,
        // connection_exception, invalid_authorization_specification
        _ if code.starts_with("08") || code.starts_with("28") => StoreErrorKind::Unavailable,
        _ => StoreErrorKind::Unexpected,
    }
}
