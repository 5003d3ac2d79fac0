//! The remedy for a clock that once jumped ahead.

use std::path::Path;

use fastestmcp_core::error::{StoreErrorKind, StoreResult};
use fastestmcp_core::time::StoreTime;
use rusqlite::{Batch, Connection, TransactionBehavior};

use super::{connect, file, refused, schema};
use crate::error::Failure;
use crate::snapshot::{Meta, millis};

/// Takes the store's time back to `host`, if it is ahead of it, and every moment that is stored with it: what lived has
/// as long to live as before, what was due is due. Only if nobody else has the file open.
pub(super) fn rewind(path: &Path, host: StoreTime) -> StoreResult<()> {
    match try_rewind(path, host) {
        Ok(outcome) => outcome,
        Err(failure) if failure.is_busy() => {
            let detail = format!(
                "the clock of {} cannot be taken back while another handle has it open: stop every server that uses it",
                path.display()
            );
            Err(refused(StoreErrorKind::Contention, detail))
        }
        Err(failure) => Err(file::explain(path, &failure)),
    }
}

fn try_rewind(path: &Path, host: StoreTime) -> Result<StoreResult<()>, Failure> {
    let connection = connect(path)?;
    // Asked for before the file is first read: then it is refused unless nobody else has it open.
    connection.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
    if let Err(error) = schema::check_identity(&connection, path)? {
        return Ok(Err(error));
    }
    let format: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if format > 0 {
        take_back(&connection, path, host)?;
    }
    Ok(Ok(()))
}

fn take_back(connection: &Connection, path: &Path, host: StoreTime) -> Result<(), Failure> {
    let transaction = rusqlite::Transaction::new_unchecked(connection, TransactionBehavior::Exclusive)?;
    let stamp = Meta::read(&transaction)?.stamp;
    let by = stamp.since(host);
    if by.is_zero() {
        return Ok(());
    }
    let mut statements = Batch::new(&transaction, include_str!("../../sql/rewind.sql"));
    while let Some(mut statement) = rusqlite::fallible_iterator::FallibleIterator::next(&mut statements)? {
        statement.execute([millis(stamp) - millis(host)])?;
    }
    transaction.commit()?;
    tracing::warn!(file = %path.display(), ?by, "the store's time was taken back to the host's clock");
    Ok(())
}
