use fastestmcp_core::time::StoreTime;
use sqlx::postgres::{PgRow, Postgres};
use sqlx::{Decode, Row, Type};

use crate::database::moment;
use crate::error::Failure;

/// A column of a row.
pub(crate) fn get<'r, T: Decode<'r, Postgres> + Type<Postgres>>(row: &'r PgRow, column: &str) -> Result<T, Failure> {
    row.try_get(column).map_err(Failure::Sent)
}

/// A column that holds a moment, or none.
pub(crate) fn get_moment(row: &PgRow, column: &str) -> Result<Option<StoreTime>, Failure> {
    match get::<Option<i64>>(row, column)? {
        Some(negative) if negative < 0 => Err(Failure::Corrupt("a stored moment is negative")),
        stored => Ok(stored.map(moment)),
    }
}

/// The one row that a function answers with.
pub(crate) fn only(rows: &[PgRow]) -> Result<&PgRow, Failure> {
    rows.first().ok_or(Failure::Corrupt("an answer without a row"))
}

/// A name or key, as it was stored.
pub(crate) fn text(bytes: &[u8]) -> Result<String, Failure> {
    std::str::from_utf8(bytes).map(str::to_owned).map_err(|_| Failure::Corrupt("a stored name is no UTF-8"))
}
