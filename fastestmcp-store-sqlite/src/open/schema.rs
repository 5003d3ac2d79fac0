use std::path::Path;

use fastestmcp_core::error::{StoreErrorKind, StoreResult};
use rusqlite::{Connection, OptionalExtension, TransactionBehavior};

use super::refused;
use crate::config::SqliteConfig;
use crate::error::Failure;

/// "fmcp": marks a file as ours.
const APPLICATION_ID: i64 = 0x666d_6370;

/// Every migration there ever was; a file's `user_version` counts those it has.
const MIGRATIONS: [&str; 1] = [include_str!("../../migrations/0001_initial.sql")];

/// The format this binary writes.
const FORMAT: i64 = MIGRATIONS.len() as i64;

/// Refuses a file of another application. An empty one is nobody's yet. Within a transaction: it reads twice.
pub(super) fn check_identity(connection: &Connection, path: &Path) -> Result<StoreResult<()>, Failure> {
    let application: i64 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let objects: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if application == APPLICATION_ID || (application == 0 && objects == 0) {
        return Ok(Ok(()));
    }
    let detail = format!("{} is a SQLite database of another application", path.display());
    Ok(Err(refused(StoreErrorKind::Unsupported, detail)))
}

/// Brings the file to this binary's format, under the write lock, and answers the number of the namespace.
pub(super) fn migrate(connection: &Connection, config: &SqliteConfig) -> Result<StoreResult<i64>, Failure> {
    let transaction = rusqlite::Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
    // Another process may have made it into something else since it was looked at.
    if let Err(error) = check_identity(connection, &config.path)? {
        return Ok(Err(error));
    }
    let format: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let pending = usize::try_from(format).map_or(&MIGRATIONS[..], |done| MIGRATIONS.get(done..).unwrap_or_default());
    for migration in pending {
        connection.execute_batch(migration)?;
    }
    if !pending.is_empty() {
        connection.pragma_update(None, "application_id", APPLICATION_ID)?;
        connection.pragma_update(None, "user_version", FORMAT)?;
    }
    let needed: i64 = connection.query_row(include_str!("../../sql/meta_format.sql"), [], |row| row.get(0))?;
    if needed > FORMAT {
        let path = config.path.display();
        let detail = format!("{path} needs format {needed}, this binary knows up to {FORMAT}: use a newer release");
        return Ok(Err(refused(StoreErrorKind::Unsupported, detail)));
    }
    let namespace = namespace(connection, config.namespace.as_str().as_bytes())?;
    transaction.commit()?;
    Ok(Ok(namespace))
}

fn namespace(connection: &Connection, name: &[u8]) -> rusqlite::Result<i64> {
    let found =
        connection.query_row(include_str!("../../sql/namespace_find.sql"), [name], |row| row.get(0)).optional()?;
    match found {
        Some(id) => Ok(id),
        None => connection.query_row(include_str!("../../sql/namespace_insert.sql"), [name], |row| row.get(0)),
    }
}
