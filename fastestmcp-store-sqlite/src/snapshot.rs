use std::cell::Cell;

use fastestmcp_core::time::StoreTime;
use rusqlite::{CachedStatement, Connection, Row};

/// One consistent state of the database and the store's time in it.
#[derive(Debug)]
pub(crate) struct Snapshot<'c> {
    pub(crate) connection: &'c Connection,
    pub(crate) namespace: i64,
    pub(crate) now: StoreTime,
    met_expired: Cell<bool>,
}

impl<'c> Snapshot<'c> {
    pub(crate) const fn new(connection: &'c Connection, namespace: i64, now: StoreTime) -> Self {
        Self { connection, namespace, now, met_expired: Cell::new(false) }
    }

    /// Whether the deadline in a row has come. One that cannot be read has not: the row is damaged, not absent.
    pub(crate) fn is_past(&self, row: &Row<'_>, index: usize) -> bool {
        let deadline = optional_moment_at(row, index).ok().flatten();
        deadline.is_some_and(|deadline| deadline <= self.now) && {
            self.meet_expired();
            true
        }
    }

    /// Notes that something here looks expired.
    pub(crate) fn meet_expired(&self) {
        self.met_expired.set(true);
    }

    pub(crate) const fn has_met_expired(&self) -> bool {
        self.met_expired.get()
    }

    pub(crate) fn statement(&self, sql: &str) -> rusqlite::Result<CachedStatement<'c>> {
        self.connection.prepare_cached(sql)
    }
}

/// The one row of `meta`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Meta {
    pub(crate) counter: i64,
    pub(crate) stamp: StoreTime,
}

impl Meta {
    pub(crate) fn read(connection: &Connection) -> rusqlite::Result<Self> {
        connection
            .prepare_cached(include_str!("../sql/meta_read.sql"))?
            .query_row([], |row| Ok(Self { counter: row.get(0)?, stamp: moment(row.get(1)?) }))
    }
}

/// A stored moment.
pub(crate) fn moment(millis: i64) -> StoreTime {
    StoreTime::from_millis(u64::try_from(millis).unwrap_or(0))
}

/// A number of ours in a row; what is no such number is damage.
pub(crate) fn number_at(row: &Row<'_>, index: usize) -> rusqlite::Result<u64> {
    optional_number_at(row, index)?
        .ok_or_else(|| rusqlite::Error::InvalidColumnType(index, String::new(), rusqlite::types::Type::Null))
}

pub(crate) fn optional_number_at(row: &Row<'_>, index: usize) -> rusqlite::Result<Option<u64>> {
    let stored: Option<i64> = row.get(index)?;
    let unsigned = |value| u64::try_from(value).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(index, value));
    stored.map(unsigned).transpose()
}

/// A moment in a row.
pub(crate) fn moment_at(row: &Row<'_>, index: usize) -> rusqlite::Result<StoreTime> {
    Ok(StoreTime::from_millis(number_at(row, index)?))
}

pub(crate) fn optional_moment_at(row: &Row<'_>, index: usize) -> rusqlite::Result<Option<StoreTime>> {
    Ok(optional_number_at(row, index)?.map(StoreTime::from_millis))
}

/// A moment as it is stored.
pub(crate) fn millis(moment: StoreTime) -> i64 {
    i64::try_from(moment.as_millis()).unwrap_or(i64::MAX)
}

/// A number of ours as SQLite has it. All of them stay below 2^53.
pub(crate) fn number(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// A stored number that is never negative.
pub(crate) fn count(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}
