//! What a foreign program can do to a file behind the store's back.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, Params};

/// Changes rows of a table without the checks that its schema makes: any column takes any value.
pub(crate) fn write_unchecked(path: &Path, table: &str, sql: &str, params: impl Params) -> rusqlite::Result<usize> {
    // The schema is read once per connection, so that each of these sees what the one before it wrote.
    let schema = |from: &str, to: &str| -> rusqlite::Result<()> {
        let connection = open(path)?;
        connection.pragma_update(None, "writable_schema", true)?;
        connection.execute("UPDATE sqlite_schema SET sql = replace(sql, ?2, ?3) WHERE name = ?1", (table, from, to))?;
        Ok(())
    };
    schema(") STRICT", ") /* any */")?;
    let changed = open(path)?.execute(sql, params);
    schema(") /* any */", ") STRICT")?;
    changed
}

fn open(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(Duration::from_secs(5))?;
    Ok(connection)
}
