use fastestmcp_core::limits::Limits;
use fastestmcp_core::session::{Applied, CommitOutcome, CommitRequest, CommitRule, Expect, Op, ScopeKind};

use super::entry;
use super::scope::{Found, StoredScope, drop_if_empty};
use crate::error::Failure;
use crate::snapshot::millis;
use crate::writer::{WriteOperation, WriteTx};

#[derive(Debug)]
pub(super) struct Commit {
    pub(super) request: CommitRequest,
    pub(super) limits: Limits,
}

impl WriteOperation for Commit {
    type Answer = CommitOutcome;
    const NAME: &'static str = "commit";

    fn bytes(&self) -> usize {
        let values = self.request.ops.iter().map(|op| if let Op::Put { value, .. } = op { value.len() } else { 0 });
        values.sum()
    }

    fn apply(&mut self, tx: &WriteTx<'_>) -> Result<CommitOutcome, Failure> {
        let CommitRequest { scope, rule, ops, .. } = &self.request;
        let (live, expired) = match StoredScope::find(tx, scope)? {
            Some(Found::Live(live)) => (Some(live), None),
            Some(Found::Expired(row)) => (None, Some(row)),
            Some(Found::Damaged(_, failure)) => return Err(failure),
            None => (None, None),
        };
        if scope.kind != ScopeKind::System {
            match (rule, live) {
                (CommitRule::Existing, None) => return Ok(CommitOutcome::ScopeGone),
                (CommitRule::CreateNew(_), Some(_)) => return Ok(CommitOutcome::ScopeExists),
                _ => {}
            }
        }
        if let Some(mismatch) = first_mismatch(tx, live, ops)? {
            return Ok(mismatch);
        }
        let holder = match live {
            Some(live) => live,
            // A System scope has a row only while it holds something.
            None if scope.kind == ScopeKind::System && !ops.iter().any(|op| matches!(op, Op::Put { .. })) => {
                return Ok(CommitOutcome::Committed(ops.iter().map(nothing_there).collect()));
            }
            None => StoredScope::create(tx, scope, *rule, expired)?,
        };
        let (mut applied, mut taken) = (Vec::with_capacity(ops.len()), 0);
        for op in ops {
            let done = apply(tx, holder.id, op)?;
            if let Applied::Taken(Some(entry)) = &done {
                taken += entry.value.len();
                // What was done so far is rolled back with the error.
                self.limits.check_answer(taken)?;
            }
            applied.push(done);
        }
        let removes = ops.iter().any(|op| matches!(op, Op::Delete { .. } | Op::Take { .. }));
        if scope.kind == ScopeKind::System && removes {
            drop_if_empty(tx, holder.id)?;
        }
        Ok(CommitOutcome::Committed(applied))
    }
}

fn first_mismatch(tx: &WriteTx<'_>, live: Option<StoredScope>, ops: &[Op]) -> Result<Option<CommitOutcome>, Failure> {
    for (index, op) in ops.iter().enumerate() {
        if op.expect() == Expect::Any {
            continue;
        }
        let current = live.map_or(Ok(None), |scope| entry::find_version(tx, scope.id, op.key()))?;
        if !op.expect().holds(current) {
            let current = live.map_or(Ok(None), |scope| entry::find_live(tx, scope.id, op.key()))?;
            return Ok(Some(CommitOutcome::Mismatch { index, current }));
        }
    }
    Ok(None)
}

fn apply(tx: &WriteTx<'_>, scope: i64, op: &Op) -> Result<Applied, Failure> {
    match op {
        Op::Put { key, value, ttl, .. } => {
            let version = tx.draw();
            let expires = ttl.map(|ttl| millis(tx.now.after(ttl)));
            tx.statement(include_str!("../../sql/entry_put.sql"))?.execute((
                tx.namespace,
                scope,
                key.as_bytes(),
                version,
                expires,
                &value[..],
            ))?;
            Ok(Applied::Put(entry::version(version)))
        }
        Op::Delete { key, .. } => {
            let found = entry::find_version(tx, scope, key);
            // Without a condition a damaged one can be got rid of.
            let existed = found.as_ref().map_or_else(Failure::is_damage, Option::is_some);
            if !existed {
                found?;
            }
            entry::delete(tx, scope, key)?;
            Ok(Applied::Deleted(existed))
        }
        Op::Take { key, .. } => {
            let found = entry::find_live(tx, scope, key)?;
            entry::delete(tx, scope, key)?;
            Ok(Applied::Taken(found))
        }
        Op::Check { .. } => Ok(Applied::Checked),
    }
}

fn nothing_there(op: &Op) -> Applied {
    match op {
        Op::Put { .. } | Op::Check { .. } => Applied::Checked,
        Op::Delete { .. } => Applied::Deleted(false),
        Op::Take { .. } => Applied::Taken(None),
    }
}
