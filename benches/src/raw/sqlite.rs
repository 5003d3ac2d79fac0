use std::path::Path;
use std::time::{Duration, Instant};

use bytes::Bytes;
use rusqlite::{Connection, OptionalExtension};

use crate::report::BenchResult;

/// The bare engine: one connection on one thread, one table, prepared statements, the pragmas of the store. It
/// checkpoints as SQLite does by itself.
pub(crate) struct RawSqlite(Connection);

impl RawSqlite {
    pub(crate) fn create(path: &Path) -> BenchResult<Self> {
        let connection = Connection::open(path)?;
        connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "mmap_size", 0)?;
        connection.execute_batch(include_str!("../../sql/raw_create.sql"))?;
        Ok(Self(connection))
    }

    /// Upserts in one transaction.
    pub(crate) fn put(&mut self, rows: &[(&str, u64, Bytes)]) -> BenchResult<()> {
        let transaction = self.0.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        {
            let mut upsert = transaction.prepare_cached(include_str!("../../sql/raw_put.sql"))?;
            for (scope, version, value) in rows {
                upsert.execute((scope.as_bytes(), b"value", version.cast_signed(), value.as_ref()))?;
            }
        }
        Ok(transaction.commit()?)
    }

    pub(crate) fn get(&mut self, scope: &str) -> BenchResult<Option<Vec<u8>>> {
        let mut select = self.0.prepare_cached(include_str!("../../sql/raw_get.sql"))?;
        Ok(select.query_row((scope.as_bytes(), b"value"), |row| row.get(0)).optional()?)
    }
}

/// Calls `step` until the window is over; steps per second.
pub(crate) fn rate(window: Duration, mut step: impl FnMut() -> BenchResult<()>) -> BenchResult<f64> {
    let start = Instant::now();
    let mut steps = 0_u64;
    while start.elapsed() < window {
        step()?;
        steps += 1;
    }
    Ok(steps as f64 / start.elapsed().as_secs_f64())
}
