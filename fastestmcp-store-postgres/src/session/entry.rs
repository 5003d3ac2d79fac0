use bytes::Bytes;
use fastestmcp_core::session::{Entry, Version};
use sqlx::postgres::PgRow;

use crate::database::count;
use crate::error::Failure;
use crate::row::{get, get_moment};

/// What a row says of an entry.
pub(super) enum Found {
    Nothing,
    Entry(Entry),
    /// There is one whose value was left out, because it is large.
    Large,
}

/// The entry in the columns `version`, `entry_expires` and `value`.
pub(super) fn from_row(row: &PgRow) -> Result<Found, Failure> {
    let Some(stored) = get::<Option<i64>>(row, "version")? else { return Ok(Found::Nothing) };
    let (version, expires) = (version(stored), get_moment(row, "entry_expires")?);
    Ok(match get::<Option<&[u8]>>(row, "value")? {
        Some(value) => Found::Entry(Entry { value: Bytes::copy_from_slice(value), version, expires }),
        None => Found::Large,
    })
}

pub(super) fn version(stored: i64) -> Version {
    Version(count(stored))
}
