use bytes::Bytes;
use fastestmcp_core::session::{Entry, Version};
use fastestmcp_core::time::StoreTime;
use rusqlite::{OptionalExtension, Row};

use crate::error::Failure;
use crate::snapshot::{Snapshot, count, number_at, optional_moment_at};
use crate::writer::WriteTx;

/// A live entry from three columns: version, expires, value. What is known to be expired is absent, whatever else of it
/// is damaged.
pub(super) fn live_from_row(row: &Row<'_>, first: usize, snapshot: &Snapshot<'_>) -> rusqlite::Result<Option<Entry>> {
    let Some((version, expires)) = live_version(row, first, snapshot)? else { return Ok(None) };
    let value = Bytes::copy_from_slice(row.get_ref(first + 2)?.as_blob()?);
    Ok(Some(Entry { version, expires, value }))
}

fn live_version(
    row: &Row<'_>,
    first: usize,
    snapshot: &Snapshot<'_>,
) -> rusqlite::Result<Option<(Version, Option<StoreTime>)>> {
    if snapshot.is_past(row, first + 1) {
        return Ok(None);
    }
    Ok(Some((Version(number_at(row, first)?), optional_moment_at(row, first + 1)?)))
}

/// The live entry of a key.
pub(super) fn find_live(snapshot: &Snapshot<'_>, scope: i64, key: &str) -> Result<Option<Entry>, Failure> {
    let found = snapshot
        .statement(include_str!("../../sql/entry_find.sql"))?
        .query_row((scope, key.as_bytes()), |row| live_from_row(row, 0, snapshot))
        .optional()?;
    Ok(found.flatten())
}

/// The version of a key's live entry, without its value.
pub(super) fn find_version(snapshot: &Snapshot<'_>, scope: i64, key: &str) -> Result<Option<Version>, Failure> {
    let found = snapshot
        .statement(include_str!("../../sql/entry_version.sql"))?
        .query_row((scope, key.as_bytes()), |row| live_version(row, 0, snapshot))
        .optional()?;
    Ok(found.flatten().map(|(version, _)| version))
}

/// Removes a key, live or not.
pub(super) fn delete(tx: &WriteTx<'_>, scope: i64, key: &str) -> Result<(), Failure> {
    tx.statement(include_str!("../../sql/entry_delete.sql"))?.execute((scope, key.as_bytes()))?;
    Ok(())
}

pub(super) fn version(stored: i64) -> Version {
    Version(count(stored))
}
