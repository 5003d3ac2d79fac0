use bytes::Bytes;
use fastestmcp_core::session::{Entry, Version};
use fastestmcp_core::time::StoreTime;
use rusqlite::{OptionalExtension, Row};

use crate::error::Failure;
use crate::snapshot::{Snapshot, count, moment};
use crate::writer::WriteTx;

/// An entry from three columns: version, expires, value.
pub(super) fn from_row(row: &Row<'_>, first: usize) -> rusqlite::Result<Entry> {
    Ok(Entry {
        version: version(row.get(first)?),
        expires: row.get::<_, Option<i64>>(first + 1)?.map(moment),
        value: Bytes::copy_from_slice(row.get_ref(first + 2)?.as_blob()?),
    })
}

/// The live entry of a key.
pub(super) fn find_live(snapshot: &Snapshot<'_>, scope: i64, key: &str) -> Result<Option<Entry>, Failure> {
    let found = snapshot
        .statement(include_str!("../../sql/entry_find.sql"))?
        .query_row((scope, key.as_bytes()), |row| from_row(row, 0))
        .optional()?;
    Ok(found.filter(|entry| is_live(entry.expires, snapshot.now)))
}

/// The version of a key's live entry, without its value.
pub(super) fn find_version(snapshot: &Snapshot<'_>, scope: i64, key: &str) -> Result<Option<Version>, Failure> {
    let found = snapshot
        .statement(include_str!("../../sql/entry_version.sql"))?
        .query_row((scope, key.as_bytes()), |row| Ok((version(row.get(0)?), row.get::<_, Option<i64>>(1)?.map(moment))))
        .optional()?;
    Ok(found.filter(|(_, expires)| is_live(*expires, snapshot.now)).map(|(version, _)| version))
}

/// Removes a key, live or not.
pub(super) fn delete(tx: &WriteTx<'_>, scope: i64, key: &str) -> Result<(), Failure> {
    tx.statement(include_str!("../../sql/entry_delete.sql"))?.execute((scope, key.as_bytes()))?;
    Ok(())
}

pub(super) fn is_live(expires: Option<StoreTime>, now: StoreTime) -> bool {
    expires.is_none_or(|deadline| deadline > now)
}

pub(super) fn version(stored: i64) -> Version {
    Version(count(stored))
}
