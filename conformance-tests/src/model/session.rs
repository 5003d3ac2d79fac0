use std::collections::BTreeMap;

use async_trait::async_trait;
use fastestmcp_core::backend::At;
use fastestmcp_core::error::StoreResult;
use fastestmcp_core::page::{Page, PageRequest};
use fastestmcp_core::session::{
    Applied, CommitOutcome, CommitRequest, CommitRule, Entry, Expect, Lifetime, Loaded, Op, Scope, ScopeInfo,
    ScopeKind, SessionStateStore, Touch, Version,
};
use fastestmcp_core::time::StoreTime;

use super::damage::corrupt;
use super::first::FirstDeadlines;
use super::page::page;
use super::under_way::Kept;
use super::{Bug, Model, Space};

pub(super) type Entries = BTreeMap<String, Entry>;

/// All scopes that were made and not removed, expired ones included.
#[derive(Clone, Debug, Default)]
pub(super) struct Sessions {
    pub(super) scopes: BTreeMap<Scope, (ScopeInfo, Entries)>,
    pub(super) first: FirstDeadlines,
    /// What the last commit changed, as it was before: for the bug that rolls it back.
    before: Option<(Scope, Option<(ScopeInfo, Entries)>)>,
}

impl Model {
    /// The scope if it is live at `now`.
    pub(super) fn scope(&self, space: &Space, scope: &Scope, now: StoreTime) -> Option<ScopeInfo> {
        if scope.kind == ScopeKind::System {
            return Some(ScopeInfo::SYSTEM);
        }
        let (info, _) = space.sessions.scopes.get(scope)?;
        (!self.is_past(info.expires, now)).then_some(*info)
    }

    /// The entry if it and its scope are live at `now`.
    pub(super) fn entry(&self, space: &Space, scope: &Scope, key: &str, now: StoreTime) -> Option<Entry> {
        self.scope(space, scope, now)?;
        let entry = space.sessions.scopes.get(scope)?.1.get(key)?;
        (!self.is_past(entry.expires, now)).then(|| entry.clone())
    }

    fn bytes_of<'k>(&self, space: &Space, scope: &Scope, keys: impl Iterator<Item = &'k str>, now: StoreTime) -> usize {
        keys.filter_map(|key| self.entry(space, scope, key, now)).map(|entry| entry.value.len()).sum()
    }

    fn entries(&self, space: &Space, scope: &Scope, now: StoreTime) -> Vec<(String, Entry)> {
        if self.scope(space, scope, now).is_none() {
            return Vec::new();
        }
        let entries = space.sessions.scopes.get(scope).map(|(_, entries)| entries.clone()).unwrap_or_default();
        entries.into_iter().filter(|(_, entry)| !self.is_past(entry.expires, now)).collect()
    }

    fn live_scopes(&self, space: &Space, kind: ScopeKind, now: StoreTime) -> Vec<(Scope, ScopeInfo)> {
        let of_kind = space.sessions.scopes.keys().filter(|scope| scope.kind == kind);
        let live = of_kind.filter_map(|scope| Some((scope.clone(), self.scope(space, scope, now)?)));
        let holds_something = |scope: &Scope| {
            let entries = self.entries(space, scope, now);
            let only_empty = entries.iter().all(|(key, _)| key.is_empty());
            !entries.is_empty() && !self.switch.bends(Bug::EmptyKeyIsNothing, only_empty)
        };
        live.filter(|(scope, _)| kind != ScopeKind::System || holds_something(scope)).collect()
    }

    fn born(&self, lifetime: Lifetime, now: StoreTime) -> ScopeInfo {
        let ends = lifetime.max_life.map(|max_life| self.deadline(now, max_life));
        let expires = self.deadline(now, lifetime.ttl);
        ScopeInfo { created: now, expires: Some(ends.map_or(expires, |ends| expires.min(ends))), ends }
    }

    fn apply(&self, space: &mut Space, scope: &Scope, op: Op, now: StoreTime) -> Applied {
        let current = self.entry(space, scope, op.key(), now);
        let drawn = match &current {
            _ if self.switch.bends(Bug::VersionReuse, current.is_none()) => 1,
            Some(entry) if self.switch.has(Bug::VersionReuse) => entry.version.0 + 1,
            _ => space.draw(),
        };
        if let Op::Put { key, .. } = &op {
            let old = current.as_ref().and_then(|entry| entry.expires);
            self.keep(space, Kept::Entry(scope.clone(), key.clone()), old);
        }
        if let Op::Put { key, ttl: Some(ttl), .. } = &op {
            space.sessions.first.note(scope, key, Some(self.deadline(now, *ttl)));
        }
        let (_, entries) = space.sessions.scopes.entry(scope.clone()).or_insert((ScopeInfo::SYSTEM, Entries::new()));
        match op {
            Op::Put { key, value, ttl, .. } => {
                let version = Version(drawn);
                let expires = ttl.map(|ttl| self.deadline(now, ttl));
                entries.insert(key, Entry { value, version, expires });
                Applied::Put(version)
            }
            Op::Delete { key, .. } => {
                entries.remove(&key);
                Applied::Deleted(current.is_some())
            }
            Op::Take { key, .. } => {
                entries.remove(&key);
                Applied::Taken(current)
            }
            Op::Check { .. } => Applied::Checked,
        }
    }

    fn mismatch(&self, space: &Space, request: &CommitRequest, now: StoreTime, fresh: bool) -> Option<CommitOutcome> {
        request.ops.iter().enumerate().find_map(|(index, op)| {
            let current = if fresh { None } else { self.entry(space, &request.scope, op.key(), now) };
            let holds = op.expect().holds(current.as_ref().map(|entry| entry.version));
            (!holds).then_some(CommitOutcome::Mismatch { index, current })
        })
    }

    fn commit_locked(&self, space: &mut Space, request: CommitRequest, now: StoreTime) -> CommitOutcome {
        let scope = &request.scope;
        let live = self.scope(space, scope, now);
        let born = match (request.rule, live) {
            _ if scope.kind == ScopeKind::System => None,
            (CommitRule::Existing, None) if self.switch.is(Bug::ResurrectAfterDelete) => {
                Some(ScopeInfo { created: now, expires: None, ends: None })
            }
            (CommitRule::Existing, None) => return CommitOutcome::ScopeGone,
            (CommitRule::CreateNew(_), Some(_)) if self.switch.is(Bug::UpsertScope) => None,
            (CommitRule::CreateNew(_), Some(_)) => return CommitOutcome::ScopeExists,
            (CommitRule::CreateIfMissing(lifetime) | CommitRule::CreateNew(lifetime), None) => {
                Some(self.born(lifetime, now))
            }
            (CommitRule::Existing | CommitRule::CreateIfMissing(_), Some(_)) => None,
        };
        if let Some(mismatch) = self.mismatch(space, &request, now, born.is_some()) {
            if let Some((scope, old)) = space.sessions.before.take()
                && self.switch.is(Bug::NeighbourRolledBack)
            {
                match old {
                    Some(old) => drop(space.sessions.scopes.insert(scope, old)),
                    None => drop(space.sessions.scopes.remove(&scope)),
                }
            }
            return mismatch;
        }
        if self.switch.has(Bug::NeighbourRolledBack) {
            space.sessions.before = Some((scope.clone(), space.sessions.scopes.get(scope).cloned()));
        }
        if let Some(info) = born {
            space.sessions.first.born(scope, info.expires);
            space.sessions.scopes.insert(scope.clone(), (info, Entries::new()));
        }
        CommitOutcome::Committed(request.ops.into_iter().map(|op| self.apply(space, &request.scope, op, now)).collect())
    }
}

#[async_trait]
impl SessionStateStore for Model {
    async fn load(&self, scope: &Scope, keys: &[&str], touch: Option<Touch>) -> StoreResult<At<Loaded>> {
        self.allowed("load", self.limits.check_load(scope, keys))?;
        let (mut space, now) = self.begin().await;
        self.readable(&space, "load", scope, keys, now)?;
        self.answerable("load", self.bytes_of(&space, scope, keys.iter().copied(), now))?;
        let mut info = self.scope(&space, scope, now);
        let revived = space.sessions.scopes.get(scope).map(|(info, _)| *info);
        if touch.is_some() && self.switch.bends(Bug::ResurrectAfterExpiry, info.is_none() && revived.is_some()) {
            info = revived;
        }
        if touch.is_none() && self.is_read_past(&space, &Kept::Scope(scope.clone()), now) {
            return Ok(At::new(now, Loaded { scope: None, entries: vec![None; keys.len()] }));
        }
        let moved = touch.and_then(|touch| {
            let exact = Touch { ttl: self.deadline(now, touch.ttl).since(now), slack: touch.slack };
            let shorter = info?.expires.is_some_and(|expires| now.after(touch.ttl) < expires);
            if self.switch.bends(Bug::TouchShortens, shorter) {
                return Some(now.after(touch.ttl));
            }
            exact.moves(now, &info?)
        });
        if let (Some(expires), Some((stored, _))) = (moved, space.sessions.scopes.get_mut(scope)) {
            let old = stored.expires.replace(expires);
            info = Some(*stored);
            self.keep(&mut space, Kept::Scope(scope.clone()), old);
        }
        let entry = |key: &&str| {
            let entry = self.entry(&space, scope, key, now)?;
            (!self.is_read_past(&space, &Kept::Entry(scope.clone(), (*key).to_owned()), now)).then_some(entry)
        };
        let entries = keys.iter().map(entry).collect();
        Ok(At::new(now, Loaded { scope: info, entries }))
    }

    async fn commit(&self, request: CommitRequest) -> StoreResult<At<CommitOutcome>> {
        self.allowed("commit", self.limits.check_commit(&request))?;
        let (mut space, now) = self.begin().await;
        let keys: Vec<&str> = request.ops.iter().map(Op::key).collect();
        self.readable(&space, "commit", &request.scope, &keys, now)?;
        let taken = request.ops.iter().filter(|op| matches!(op, Op::Take { .. })).map(Op::key);
        self.answerable("commit", self.bytes_of(&space, &request.scope, taken, now))?;
        let outcome = self.commit_locked(&mut space, request, now);
        Ok(At::new(now, outcome))
    }

    async fn list_entries(
        &self,
        scope: &Scope,
        prefix: &str,
        request: PageRequest,
    ) -> StoreResult<At<Page<(String, Entry)>>> {
        self.allowed("list_entries", self.limits.check_key("prefix", prefix))?;
        let mut abroad = Vec::new();
        if let Some(other) = self.abroad(Bug::ForeignEntries) {
            abroad = other.entries(&other.space.lock(), scope, other.now());
        }
        let (space, now) = self.begin().await;
        self.readable(&space, "list_entries", scope, &[], now)?;
        let mut rows = self.entries(&space, scope, now);
        self.leave_out("list_entries", "entry", &mut rows, |(key, _)| space.damaged.entry(scope, key))?;
        rows.append(&mut abroad);
        rows.retain(|(key, _)| key.starts_with(prefix));
        let keyed = rows.into_iter().map(|row| (row.0.clone().into_bytes(), row)).collect();
        Ok(At::new(
            now,
            page(
                &self.switch,
                "list_entries",
                b'e',
                keyed,
                &request,
                Some((self.limits.max_batch_bytes, |(_, entry)| entry.value.len())),
            )?,
        ))
    }

    async fn delete_scope(&self, scope: &Scope) -> StoreResult<At<bool>> {
        if let Some(other) = self.abroad(Bug::ForeignDelete) {
            other.delete_scope(scope).await?;
        }
        let (mut space, now) = self.begin().await;
        let existed = match scope.kind {
            ScopeKind::System => !self.entries(&space, scope, now).is_empty(),
            _ => self.scope(&space, scope, now).is_some(),
        };
        if self.switch.bends(Bug::DamagedScopeStays, space.damaged.scope(scope)) {
            return Err(corrupt("delete_scope"));
        }
        if let Some((_, entries)) = space.sessions.scopes.remove(scope)
            && self.switch.bends(Bug::OrphanEntries, !entries.is_empty())
        {
            space.orphans += entries.len();
        }
        space.forget_what_is_gone();
        Ok(At::new(now, existed))
    }

    async fn list_scopes(&self, kind: ScopeKind, request: PageRequest) -> StoreResult<At<Page<(Scope, ScopeInfo)>>> {
        let abroad = self.abroad(Bug::ForeignScopes);
        let mut abroad =
            abroad.map(|other| other.live_scopes(&other.space.lock(), kind, other.now())).unwrap_or_default();
        let (space, now) = self.begin().await;
        let mut rows = self.live_scopes(&space, kind, now);
        rows.append(&mut abroad);
        let first = &space.sessions.first;
        rows.retain(|(scope, _)| !first.is_past(&self.switch, Bug::ListByFirstDeadline, scope, "", now));
        self.leave_out("list_scopes", "scope", &mut rows, |(scope, _)| space.damaged.scope(scope))?;
        let keyed = rows.into_iter().map(|row| (row.0.id.clone().into_bytes(), row)).collect();
        Ok(At::new(now, page(&self.switch, "list_scopes", b's', keyed, &request, None)?))
    }

    async fn count_scopes(&self, kind: ScopeKind, at_most: u64) -> StoreResult<At<u64>> {
        let abroad = match self.abroad(Bug::ForeignCount) {
            Some(other) => other.count_scopes(kind, at_most).await?.value,
            None => 0,
        };
        let (space, now) = self.begin().await;
        let first = &space.sessions.first;
        let live = self.live_scopes(&space, kind, now).into_iter();
        let counted = live.filter(|(scope, _)| !first.is_past(&self.switch, Bug::CountByFirstDeadline, scope, "", now));
        let count = counted.count() as u64 + abroad;
        Ok(At::new(now, count.min(at_most)))
    }
}

/// An unconditional form of the same operation, for the bug that checks first and acts later.
pub(crate) fn unconditional(op: Op) -> Op {
    match op {
        Op::Put { key, value, ttl, .. } => Op::Put { key, value, expect: Expect::Any, ttl },
        Op::Delete { key, .. } => Op::Delete { key, expect: Expect::Any },
        Op::Take { key, .. } => Op::Take { key, expect: Expect::Any },
        Op::Check { key, .. } => Op::Check { key, expect: Expect::Any },
    }
}
