use bytes::Bytes;
use fastestmcp_core::task::{Part, TaskRecord};
use rusqlite::OptionalExtension;

use super::head::StoredTask;
use crate::error::Failure;
use crate::snapshot::Snapshot;
use crate::writer::WriteTx;

/// A record with the parts that were asked for.
pub(super) fn record(snapshot: &Snapshot<'_>, task: StoredTask, part: Part) -> Result<TaskRecord, Failure> {
    let read = |sql| {
        let mut statement = snapshot.statement(sql)?;
        let bytes = statement.query_row([task.id], |row| Ok(Bytes::copy_from_slice(row.get_ref(0)?.as_blob()?)));
        bytes.optional()?.ok_or(Failure::Corrupt("a task lacks its spec or state")).map(Some)
    };
    let spec = if part.has_spec() { read(include_str!("../../sql/task_spec_find.sql"))? } else { None };
    let state = if part.has_state() { read(include_str!("../../sql/task_state_find.sql"))? } else { None };
    Ok(TaskRecord { head: task.head, spec, state })
}

/// How many bytes of values a record has.
pub(super) fn bytes(record: &TaskRecord) -> usize {
    record.spec.as_ref().map_or(0, Bytes::len) + record.state.as_ref().map_or(0, Bytes::len)
}

pub(super) fn put_state(tx: &WriteTx<'_>, task: i64, state: &[u8]) -> Result<(), Failure> {
    tx.statement(include_str!("../../sql/task_state_put.sql"))?.execute((task, state))?;
    Ok(())
}

/// Removes a task whole; the answer is how many bytes its spec and state had.
pub(crate) fn remove(tx: &WriteTx<'_>, task: i64) -> Result<usize, Failure> {
    let bytes: Option<i64> =
        tx.statement(include_str!("../../sql/task_bytes.sql"))?.query_row([task], |row| Ok(row.get(0).ok()))?;
    tx.statement(include_str!("../../sql/task_spec_delete.sql"))?.execute([task])?;
    tx.statement(include_str!("../../sql/task_state_delete.sql"))?.execute([task])?;
    tx.statement(include_str!("../../sql/task_delete.sql"))?.execute([task])?;
    Ok(bytes.and_then(|bytes| usize::try_from(bytes).ok()).unwrap_or(0))
}
