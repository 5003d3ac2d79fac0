use std::time::Duration;

use fastestmcp_core::session::{
    Applied, CommitOutcome, CommitRequest, CommitRule, Expect, Lifetime, Op, Scope, ScopeKind, Version,
};
use fastestmcp_core::time::StoreTime;
use smol_str::SmolStr;

use super::entries::{Entries, NEVER, Stored};
use super::id::Id;
use super::record::Record;
use super::scopes::Scopes;
use super::shard::Shard;
use crate::space::Sequence;

/// Applies a commit to a shard that is locked, at a time read under that lock.
pub(super) fn commit(
    scopes: &Scopes,
    shard: &mut Shard,
    hash: u64,
    now: StoreTime,
    sequence: &Sequence,
    request: CommitRequest,
) -> CommitOutcome {
    let slot = shard.find(hash, &request.scope.id);
    let live = slot.and_then(|slot| shard.at(slot)).filter(|record| record.live(now));
    let system = request.scope.kind == ScopeKind::System;
    match request.rule {
        CommitRule::Existing if !system && live.is_none() => return CommitOutcome::ScopeGone,
        CommitRule::CreateNew(_) if !system && live.is_some() => return CommitOutcome::ScopeExists,
        _ => {}
    }
    if let Some(mismatch) = first_mismatch(live, now, &request.ops) {
        return mismatch;
    }
    let applied = match (slot, live.is_some()) {
        (Some(slot), true) => shard.edit(slot, |record| apply(&mut record.entries, now, sequence, request.ops)),
        (expired, _) => {
            if let Some(record) = expired.and_then(|slot| shard.remove(&scopes.hasher, slot)) {
                scopes.discard(record.entries);
            }
            let mut record = create(&request.scope, request.rule, now);
            let applied = apply(&mut record.entries, now, sequence, request.ops);
            if !system || !record.entries.is_empty() {
                shard.insert(&scopes.hasher, hash, record);
            }
            Some(applied)
        }
    };
    if let Some(slot) = slot.filter(|_| system)
        && shard.at(slot).is_some_and(|record| record.entries.is_empty())
    {
        shard.remove(&scopes.hasher, slot);
    }
    CommitOutcome::Committed(applied.unwrap_or_default())
}

/// How many bytes the takes of a commit would bring.
pub(super) fn taken(shard: &Shard, hash: u64, now: StoreTime, request: &CommitRequest) -> usize {
    let record = shard.get(hash, &request.scope.id).filter(|record| record.live(now));
    let takes = request.ops.iter().filter(|op| matches!(op, Op::Take { .. }));
    let stored = takes.filter_map(|op| record?.entries.get(op.key()).filter(|stored| stored.live(now)));
    stored.map(|stored| stored.value.len()).sum()
}

fn first_mismatch(live: Option<&Record>, now: StoreTime, ops: &[Op]) -> Option<CommitOutcome> {
    ops.iter().enumerate().filter(|(_, op)| op.expect() != Expect::Any).find_map(|(index, op)| {
        let current = live.and_then(|record| record.entries.get(op.key())).filter(|stored| stored.live(now));
        let holds = op.expect().holds(current.map(|stored| stored.version));
        (!holds).then(|| CommitOutcome::Mismatch { index, current: current.map(Stored::entry) })
    })
}

fn create(scope: &Scope, rule: CommitRule, now: StoreTime) -> Record {
    let (created, deadline, ends) = match rule {
        CommitRule::CreateIfMissing(lifetime) | CommitRule::CreateNew(lifetime) if scope.kind != ScopeKind::System => {
            let Lifetime { ttl, max_life } = lifetime;
            let ends = deadline(now, max_life);
            (now, now.after(ttl).min(ends), ends)
        }
        _ => (StoreTime::EPOCH, NEVER, NEVER),
    };
    Record { id: Id::new(&scope.id), created, deadline, ends, entries: Entries::default() }
}

fn apply(entries: &mut Entries, now: StoreTime, sequence: &Sequence, ops: Vec<Op>) -> Vec<Applied> {
    ops.into_iter()
        .map(|op| match op {
            Op::Put { key, value, ttl, .. } => {
                let version = Version(sequence.draw());
                entries.put(SmolStr::from(key), Stored { value, version, deadline: deadline(now, ttl) });
                Applied::Put(version)
            }
            Op::Delete { key, .. } => Applied::Deleted(entries.remove(&key).is_some_and(|stored| stored.live(now))),
            Op::Take { key, .. } => {
                Applied::Taken(entries.remove(&key).filter(|stored| stored.live(now)).map(|stored| stored.entry()))
            }
            Op::Check { .. } => Applied::Checked,
        })
        .collect()
}

fn deadline(now: StoreTime, life: Option<Duration>) -> StoreTime {
    life.map_or(NEVER, |life| now.after(life))
}
