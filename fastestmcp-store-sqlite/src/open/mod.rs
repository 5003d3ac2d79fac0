//! Opening a file: is it ours, can it be written, is it of a format we know.

mod file;
mod filesystem;
mod private;
mod rewind;
mod schema;

pub(crate) use self::file::resolve;
pub(crate) use self::private::files_of;

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use fastestmcp_core::error::{StoreError, StoreErrorKind, StoreResult};
use fastestmcp_core::time::{Clock, HostClock};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use crate::config::{SqliteConfig, Synchronous};
use crate::error::{BACKEND, Failure};

/// The oldest SQLite library whose log is sound: older ones can lose it when a restart races a checkpoint.
const OLDEST_LIBRARY: i32 = 3_051_003;

/// Pages that the writer keeps in memory, in KiB as SQLite counts them: negative.
const WRITER_CACHE: i64 = -16_384;

/// A connection that writes, on a file that is checked and migrated, and the number of its namespace.
pub(crate) fn open(config: &SqliteConfig) -> StoreResult<(Connection, i64)> {
    if rusqlite::version_number() < OLDEST_LIBRARY {
        let found = rusqlite::version();
        return Err(refused(
            StoreErrorKind::Unsupported,
            format!("SQLite {found} is linked, 3.51.3 or later is needed"),
        ));
    }
    file::check(&config.path)?;
    private::create(&config.path)?;
    if config.rewind_clock {
        let host = config.clock.as_ref().map_or_else(|| HostClock.now(), |clock| clock.now());
        rewind::rewind(&config.path, host)?;
    }
    let connection = connect(&config.path).map_err(|failure| file::explain(&config.path, &failure))?;
    let deadline = Instant::now() + config.timeout;
    loop {
        match prepare(&connection, config) {
            Err(Unready::Busy) if Instant::now() < deadline => thread::sleep(Duration::from_millis(2)),
            Err(Unready::Busy) => {
                let detail = format!("{} is locked by another process", config.path.display());
                return Err(refused(StoreErrorKind::Contention, detail));
            }
            Err(Unready::Refused(error)) => return Err(*error),
            Ok(namespace) => {
                // Not before it is known to be ours.
                private::tighten(&config.path);
                return Ok((connection, namespace));
            }
        }
    }
}

/// Another connection to a file that was opened.
pub(crate) fn connect(path: &Path) -> Result<Connection, Failure> {
    // Never made here: it would be readable by others.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = {
        let _alone = private::OPENING.lock();
        Connection::open_with_flags(path, flags)?
    };
    connection.set_prepared_statement_cache_capacity(128);
    connection.busy_timeout(Duration::ZERO)?;
    // Without it the library plans a statement anew for other bound values, which costs more than running it.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.pragma_update(None, "mmap_size", 0)?;
    connection.pragma_update(None, "foreign_keys", false)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    connection.pragma_update(None, "journal_size_limit", -1)?;
    Ok(connection)
}

/// Why a file is not ready.
enum Unready {
    Busy,
    Refused(Box<StoreError>),
}

impl Unready {
    fn because(config: &SqliteConfig, failure: &Failure) -> Self {
        if failure.is_busy() { Self::Busy } else { Self::Refused(Box::new(file::explain(&config.path, failure))) }
    }
}

fn prepare(connection: &Connection, config: &SqliteConfig) -> Result<i64, Unready> {
    let because = |failure: Failure| Unready::because(config, &failure);
    file::check_writable(connection, &config.path).map_err(because)??;
    {
        // One snapshot: between two, another process may make a new file ours, which would look like somebody else's.
        let _snapshot = connection.unchecked_transaction().map_err(|error| because(error.into()))?;
        schema::check_identity(connection, &config.path).map_err(because)??;
    }
    let mode: String = connection
        .pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))
        .map_err(|error| because(error.into()))?;
    if !mode.eq_ignore_ascii_case("wal") {
        let detail = format!("the file system of {} has no shared memory for SQLite's log", config.path.display());
        return Err(refused(StoreErrorKind::Unsupported, detail).into());
    }
    for_writing(connection, config).map_err(|error| because(error.into()))?;
    schema::migrate(connection, config).map_err(because)?.map_err(Unready::from)
}

/// Another connection that writes, to a file that was opened.
pub(crate) fn reopen(config: &SqliteConfig) -> Result<Connection, Failure> {
    let connection = connect(&config.path)?;
    for_writing(&connection, config)?;
    Ok(connection)
}

fn for_writing(connection: &Connection, config: &SqliteConfig) -> rusqlite::Result<()> {
    let synchronous = match config.synchronous {
        Synchronous::Full => "FULL",
        Synchronous::Normal => "NORMAL",
    };
    connection.pragma_update(None, "synchronous", synchronous)?;
    connection.pragma_update(None, "cache_size", WRITER_CACHE)?;
    config.max_file_bytes.map_or(Ok(()), |bytes| limit_size(connection, bytes))
}

fn limit_size(connection: &Connection, bytes: u64) -> rusqlite::Result<()> {
    let page: i64 = connection.pragma_query_value(None, "page_size", |row| row.get(0))?;
    let pages = i64::try_from(bytes).unwrap_or(i64::MAX) / page.max(1);
    connection.pragma_update_and_check(None, "max_page_count", pages.max(1), |_| Ok(()))
}

impl From<StoreError> for Unready {
    fn from(error: StoreError) -> Self {
        Self::Refused(Box::new(error))
    }
}

fn refused(kind: StoreErrorKind, detail: impl Into<String>) -> StoreError {
    StoreError::new(kind, BACKEND, "open", detail)
}
