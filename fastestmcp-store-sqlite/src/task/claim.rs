use std::time::Duration;

use fastestmcp_core::ids::TaskId;
use fastestmcp_core::session::Version;
use fastestmcp_core::task::{ClaimRequest, Claimed, Lease, Part, TaskHead, TaskRecord, Token};
use fastestmcp_core::time::StoreTime;

use super::head::{StoredTask, due_of, name_of};
use super::parts::{self, record};
use crate::error::Failure;
use crate::snapshot::{Snapshot, count, millis};
use crate::writer::{WriteOperation, WriteTx};

#[derive(Debug)]
pub(super) struct Claim {
    pub(super) request: ClaimRequest,
    /// A claim of large tasks gets fewer of them.
    pub(super) max_bytes: usize,
}

impl WriteOperation for Claim {
    type Answer = Claimed;
    const NAME: &'static str = "claim";

    fn apply(&mut self, tx: &WriteTx<'_>) -> Result<Claimed, Failure> {
        let ClaimRequest { queues, worker, limit, lease, .. } = &self.request;
        let (mut tasks, mut bytes) = (Vec::new(), 0);
        let mut next_due: Option<StoreTime> = None;
        let mut damaged: Vec<Damaged> = Vec::new();
        // Level by level, so that what is delayed at a high level costs a lower one nothing (T4).
        for priority in (0..=9).rev() {
            let mut due = Vec::new();
            for queue in queues {
                let seen =
                    DueTasks { queue, priority, at_most: limit - tasks.len() }.find(tx, &mut due, &mut damaged)?;
                next_due = next_due.into_iter().chain(seen).min();
            }
            due.sort_by(|a, b| by_due(&a.head).cmp(&by_due(&b.head)));
            for task in due {
                if tasks.len() == *limit {
                    next_due = Some(tx.now);
                    break;
                }
                let (row, id) = (task.id, task.head.id.clone());
                // Read first: what cannot be read is not charged an attempt, and its neighbours get theirs.
                match record(tx, task, Part::All) {
                    Ok(found) => {
                        bytes += parts::bytes(&found);
                        if bytes > self.max_bytes && !tasks.is_empty() {
                            next_due = Some(tx.now);
                            break;
                        }
                        tasks.push(lease_to(tx, row, found, worker, *lease)?);
                    }
                    Err(failure) if failure.is_damage() => damaged.push(Damaged { row, id }),
                    Err(failure) => return Err(failure),
                }
            }
        }
        let next_due = next_due.map(|due| due.since(tx.now));
        let mut claimed = Claimed::new(tasks, next_due);
        for Damaged { row, id } in damaged {
            tx.statement(include_str!("../../sql/task_undue.sql"))?.execute([row])?;
            claimed.damaged.push(id);
        }
        Ok(claimed)
    }
}

/// How many damaged tasks one claim takes off the index of what is due. The next one goes on.
const MOST_DAMAGED: usize = 1_000;

/// A task that is due and cannot be read.
struct Damaged {
    row: i64,
    id: TaskId,
}

fn by_due(head: &TaskHead) -> (Option<StoreTime>, &str) {
    (head.due, head.id.as_str())
}

/// The tasks of one queue at one level.
struct DueTasks<'q> {
    queue: &'q str,
    priority: u8,
    at_most: usize,
}

impl DueTasks<'_> {
    /// Collects those that are due, in order, and answers when the first that is not collected is due.
    fn find(
        &self,
        snapshot: &Snapshot<'_>,
        due: &mut Vec<StoredTask>,
        damaged: &mut Vec<Damaged>,
    ) -> Result<Option<StoreTime>, Failure> {
        let mut statement = snapshot.statement(include_str!("../../sql/task_due.sql"))?;
        let key = (snapshot.namespace, self.queue.as_bytes(), self.priority, millis(snapshot.now));
        let mut rows = statement.query(key)?;
        let mut collected = 0;
        while let Some(row) = rows.next()? {
            let when = due_of(row, snapshot.now);
            if collected == self.at_most || damaged.len() == MOST_DAMAGED || when > snapshot.now {
                return Ok(Some(when));
            }
            match StoredTask::from_row(row) {
                Ok(task) => {
                    collected += 1;
                    due.push(task);
                }
                Err(failure) if failure.is_damage() => damaged.push(Damaged { row: row.get(0)?, id: name_of(row) }),
                Err(failure) => return Err(failure),
            }
        }
        Ok(None)
    }
}

fn lease_to(
    tx: &WriteTx<'_>,
    row: i64,
    mut task: TaskRecord,
    worker: &str,
    lease: Duration,
) -> Result<TaskRecord, Failure> {
    let (version, token) = (tx.draw(), tx.draw());
    let until = tx.now.after(lease);
    let values = (row, version, token, worker.as_bytes(), millis(until));
    tx.statement(include_str!("../../sql/task_claim.sql"))?.execute(values)?;
    task.head.version = Version(count(version));
    task.head.claims = task.head.claims.saturating_add(1);
    task.head.due = Some(until);
    task.head.lease = Some(Lease { worker: worker.to_owned(), token: Token(count(token)) });
    Ok(task)
}
