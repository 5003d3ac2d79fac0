use fastestmcp_core::session::Version;
use fastestmcp_core::task::{Part, ReplaceOutcome, ReplaceRequest, TaskHead, Then};
use fastestmcp_core::time::StoreTime;

use super::head::StoredTask;
use super::parts::{put_state, record};
use crate::error::Failure;
use crate::snapshot::{count, millis, number};
use crate::writer::{WriteOperation, WriteTx};

#[derive(Debug)]
pub(super) struct Replace(pub(super) ReplaceRequest);

impl WriteOperation for Replace {
    type Answer = ReplaceOutcome;
    const NAME: &'static str = "replace";

    fn bytes(&self) -> usize {
        self.0.state.len()
    }

    fn apply(&mut self, tx: &WriteTx<'_>) -> Result<ReplaceOutcome, Failure> {
        let request = &self.0;
        let Some(found) = StoredTask::find_live(tx, &request.id)? else { return Ok(ReplaceOutcome::Missing) };
        if request.guard.token.is_some_and(|token| !found.is_leased_under(token)) {
            return Ok(ReplaceOutcome::LeaseLost);
        }
        if found.head.version != request.guard.version {
            return Ok(ReplaceOutcome::Conflict(Box::new(record(tx, found, Part::State)?)));
        }
        let StoredTask { id, mut head } = found;
        let version = tx.draw();
        let same_status = head.status == request.status;
        head.status = request.status;
        head.updated = tx.now;
        head.version = Version(count(version));
        enter(&mut head, request.then, tx.now);
        if request.then == Then::KeepLease && same_status {
            let row = (id, millis(head.updated), version);
            tx.statement(include_str!("../../sql/task_progress.sql"))?.execute(row)?;
        } else {
            let (expires, due) = (head.expires.map(millis), head.due.map(millis));
            let (worker, token) = match &head.lease {
                Some(lease) => (Some(lease.worker.as_bytes()), Some(number(lease.token.0))),
                None => (None, None),
            };
            let row = (id, head.status, millis(head.updated), version, expires, head.open, due, worker, token);
            tx.statement(include_str!("../../sql/task_replace.sql"))?.execute(row)?;
        }
        put_state(tx, id, &request.state)?;
        Ok(ReplaceOutcome::Replaced(Box::new(head)))
    }
}

/// Moves a head into its next phase.
fn enter(head: &mut TaskHead, then: Then, now: StoreTime) {
    let due = match then {
        Then::KeepLease => return,
        Then::Runnable { delay } => Some(now.after(delay)),
        Then::Waiting { at_most } => at_most.map(|at_most| now.after(at_most)),
        Then::Terminal { retain } => {
            head.expires = head.expires.map(|expires| expires.max(now.after(retain)));
            None
        }
    };
    head.due = due;
    head.lease = None;
    head.open = !matches!(then, Then::Terminal { .. });
}
