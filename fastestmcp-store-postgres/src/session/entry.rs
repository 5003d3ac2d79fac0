use bytes::Bytes;
use fastestmcp_core::session::{Entry, Version};
use sqlx::postgres::PgRow;

use crate::database::count;
use crate::error::Failure;
use crate::row::{get, get_moment};

/// The entry in the columns `version`, `entry_expires` and `value`, if there is one.
pub(super) fn from_row(row: &PgRow) -> Result<Option<Entry>, Failure> {
    let Some(stored) = get::<Option<i64>>(row, "version")? else { return Ok(None) };
    let value = Bytes::copy_from_slice(get::<&[u8]>(row, "value")?);
    Ok(Some(Entry { value, version: version(stored), expires: get_moment(row, "entry_expires")? }))
}

pub(super) fn version(stored: i64) -> Version {
    Version(count(stored))
}
