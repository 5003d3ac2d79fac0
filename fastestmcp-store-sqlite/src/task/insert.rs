use std::collections::BTreeSet;

use fastestmcp_core::task::{InsertOutcome, NewTask, Part, TaskHead};

use super::head::{Found, StoredTask, find_idempotent};
use super::parts::{put_state, record, remove};
use crate::error::Failure;
use crate::snapshot::{Snapshot, count, millis};
use crate::writer::{WriteOperation, WriteTx};

#[derive(Debug)]
pub(super) struct Insert(pub(super) NewTask);

impl WriteOperation for Insert {
    type Answer = InsertOutcome;
    const NAME: &'static str = "insert";

    fn bytes(&self) -> usize {
        self.0.spec.len() + self.0.state.len()
    }

    fn apply(&mut self, tx: &WriteTx<'_>) -> Result<InsertOutcome, Failure> {
        let task = &self.0;
        let mut expired = BTreeSet::new();
        match StoredTask::find(tx, &task.id)? {
            Some(Found::Live(found)) => return existing(tx, found),
            Some(Found::Expired(row)) => drop(expired.insert(row)),
            None => {}
        }
        if let Some(idempotency) = &task.idempotency {
            match find_idempotent(tx, &idempotency.key)? {
                Some(Found::Live((_, digest))) if digest != idempotency.digest => return Ok(InsertOutcome::KeyReused),
                Some(Found::Live((found, _))) => return existing(tx, found),
                Some(Found::Expired(row)) => drop(expired.insert(row)),
                None => {}
            }
        }
        if let Some(open) = over_quota(tx, task)? {
            return Ok(InsertOutcome::QuotaExceeded { open });
        }
        // Expired records in the way make room: the sweep would remove them all the same.
        for row in expired {
            remove(tx, row)?;
        }
        Ok(InsertOutcome::Inserted(Box::new(self.store(tx)?)))
    }
}

fn existing(snapshot: &Snapshot<'_>, found: StoredTask) -> Result<InsertOutcome, Failure> {
    Ok(InsertOutcome::Existing(Box::new(record(snapshot, found, Part::All)?)))
}

impl Insert {
    fn store(&self, tx: &WriteTx<'_>) -> Result<TaskHead, Failure> {
        let task = &self.0;
        let version = tx.draw();
        let head = TaskHead {
            id: task.id.clone(),
            owner: task.owner.clone(),
            session: task.session.clone(),
            queue: task.queue.clone(),
            priority: task.priority,
            status: task.status,
            created: tx.now,
            updated: tx.now,
            expires: task.ttl.map(|ttl| tx.now.after(ttl)),
            open: true,
            due: Some(tx.now.after(task.delay)),
            lease: None,
            version: fastestmcp_core::session::Version(count(version)),
            claims: 0,
        };
        let row = tx.statement(include_str!("../../sql/task_insert.sql"))?.insert((
            tx.namespace,
            head.id.as_str().as_bytes(),
            head.owner.as_str().as_bytes(),
            head.session.as_deref().map(str::as_bytes),
            head.queue.as_bytes(),
            head.priority,
            head.status,
            millis(head.created),
            head.expires.map(millis),
            head.due.map(millis),
            version,
            task.idempotency.as_ref().map(|idempotency| idempotency.key.as_bytes()),
            task.idempotency.as_ref().map(|idempotency| idempotency.digest.as_bytes()),
        ))?;
        tx.statement(include_str!("../../sql/task_spec_insert.sql"))?.execute((row, &task.spec[..]))?;
        put_state(tx, row, &task.state)?;
        Ok(head)
    }
}

/// How many open tasks the owner has, if that is the quota or more.
fn over_quota(snapshot: &Snapshot<'_>, task: &NewTask) -> Result<Option<u32>, Failure> {
    let Some(quota) = task.quota else { return Ok(None) };
    let open = count_open(snapshot, task, quota)?;
    if open < quota { Ok(None) } else { count_open(snapshot, task, u32::MAX).map(Some) }
}

/// Counts the owner's open tasks, but not beyond `at_most`.
fn count_open(snapshot: &Snapshot<'_>, task: &NewTask, at_most: u32) -> Result<u32, Failure> {
    let owner = task.owner.as_str().as_bytes();
    Ok(snapshot
        .statement(include_str!("../../sql/task_count_open.sql"))?
        .query_row((snapshot.namespace, owner, millis(snapshot.now), at_most), |row| row.get(0))?)
}
