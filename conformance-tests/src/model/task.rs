use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use fastestmcp_core::backend::At;
use fastestmcp_core::error::StoreResult;
use fastestmcp_core::ids::TaskId;
use fastestmcp_core::page::{Page, PageRequest};
use fastestmcp_core::principal::{Owner, OwnerFilter};
use fastestmcp_core::session::Version;
use fastestmcp_core::task::{
    ClaimRequest, Claimed, Idempotency, InsertOutcome, NewTask, Part, Renewed, ReplaceOutcome, ReplaceRequest,
    TaskBackend, TaskHead, TaskRecord, Then, Token,
};
use fastestmcp_core::time::StoreTime;

use super::damage::corrupt;
use super::page::page;
use super::under_way::Kept;
use super::{Bug, Model, Space, Switch};

/// All tasks that were inserted and not removed, expired ones included.
pub(super) type Tasks = BTreeMap<TaskId, Stored>;

#[derive(Clone, Debug)]
pub(super) struct Stored {
    pub(super) head: TaskHead,
    spec: Bytes,
    state: Bytes,
    idempotency: Option<Idempotency>,
}

impl Stored {
    pub(super) fn record(&self, part: Part) -> TaskRecord {
        TaskRecord {
            head: self.head.clone(),
            spec: part.has_spec().then(|| self.spec.clone()),
            state: part.has_state().then(|| self.state.clone()),
        }
    }

    pub(super) fn key(&self) -> Option<String> {
        self.idempotency.as_ref().map(|kept| kept.key.clone())
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes_of(Part::All)
    }

    fn bytes_of(&self, part: Part) -> usize {
        let spec = if part.has_spec() { self.spec.len() } else { 0 };
        spec + if part.has_state() { self.state.len() } else { 0 }
    }
}

impl Space {
    /// Whoever has the key has it no more.
    pub(super) fn forget_key(&mut self, key: &str, switch: &Switch) {
        for stored in self.tasks.values_mut().filter(|stored| stored.key().as_deref() == Some(key)) {
            switch.fire();
            stored.idempotency = None;
        }
    }
}

impl Model {
    pub(super) fn live<'a>(&'a self, space: &'a Space, now: StoreTime) -> impl Iterator<Item = &'a Stored> {
        space.tasks.values().filter(move |stored| !self.is_past(stored.head.expires, now))
    }

    pub(super) fn task<'a>(&self, space: &'a mut Space, id: &TaskId, now: StoreTime) -> Option<&'a mut Stored> {
        space.tasks.get_mut(id).filter(|stored| !self.is_past(stored.head.expires, now))
    }

    fn is_damaged(&self, space: &Space, id: &TaskId, now: StoreTime) -> bool {
        space.damaged.task(id) && self.live(space, now).any(|stored| stored.head.id == *id)
    }

    fn admits(&self, filter: &OwnerFilter, owner: &Owner) -> bool {
        let exact = filter.admits(owner);
        let prefix = matches!(filter, OwnerFilter::Is(wanted) if owner.as_str().starts_with(wanted.as_str()));
        exact || self.switch.bends(Bug::OwnerPrefix, prefix)
    }

    /// Refuses an insert that names a damaged record, by its id or its key.
    fn insertable(&self, space: &Space, task: &NewTask, now: StoreTime) -> StoreResult<()> {
        let damaged = |stored: &&Stored| space.damaged.task(&stored.head.id);
        let same_key = |stored: &Stored| {
            stored
                .idempotency
                .as_ref()
                .zip(task.idempotency.as_ref())
                .is_some_and(|(kept, asked)| kept.key == asked.key)
        };
        let named = |stored: &Stored| stored.head.id == task.id || same_key(stored);
        let of_owner = |stored: &Stored| task.quota.is_some() && stored.head.owner == task.owner;
        if self.live(space, now).filter(damaged).any(named)
            || self.switch.bends(Bug::DamageFailsQuotas, self.live(space, now).filter(damaged).any(of_owner))
        {
            return Err(corrupt("insert"));
        }
        Ok(())
    }

    fn insert_locked(&self, space: &mut Space, task: NewTask, now: StoreTime) -> InsertOutcome {
        if let Some(same) = self.live(space, now).find(|stored| stored.head.id == task.id)
            && !self.switch.is(Bug::UpsertTask)
        {
            return InsertOutcome::Existing(Box::new(same.record(Part::All)));
        }
        if let Some(wanted) = &task.idempotency {
            let key = |stored: &&Stored| stored.idempotency.as_ref().is_some_and(|kept| kept.key == wanted.key);
            if let Some(same) = self.live(space, now).find(key) {
                let differs = same.idempotency.as_ref().is_some_and(|kept| kept.digest != wanted.digest);
                if differs && !self.switch.is(Bug::IdempotencyIgnoresDigest) {
                    return InsertOutcome::KeyReused;
                }
                return InsertOutcome::Existing(Box::new(same.record(Part::All)));
            }
        }
        if let Some(quota) = task.quota {
            let open = self.live(space, now).filter(|stored| stored.head.open && stored.head.owner == task.owner);
            let open = u32::try_from(open.count()).unwrap_or(u32::MAX);
            if open >= quota {
                return InsertOutcome::QuotaExceeded { open };
            }
        }
        let head = TaskHead {
            id: task.id.clone(),
            owner: task.owner,
            session: task.session,
            queue: task.queue,
            priority: task.priority,
            status: task.status,
            created: now,
            updated: now,
            expires: task.ttl.map(|ttl| self.deadline(now, ttl)),
            open: true,
            due: Some(self.deadline(now, task.delay)),
            lease: None,
            version: Version(if self.switch.is(Bug::TaskVersionsCount) { 1 } else { space.draw() }),
            claims: 0,
        };
        let stored = Stored { head: head.clone(), spec: task.spec, state: task.state, idempotency: task.idempotency };
        if let Some(key) = space.tasks.insert(task.id, stored).and_then(|replaced| replaced.key())
            && self.switch.has(Bug::InsertTakesKey)
        {
            space.forget_key(&key, &self.switch);
        }
        InsertOutcome::Inserted(Box::new(head))
    }

    /// What another namespace has to say to an insert here.
    fn insert_abroad(&self, task: &mut NewTask) -> Option<InsertOutcome> {
        let of_owner = |stored: &&Stored| stored.head.open && stored.head.owner == task.owner;
        if let Some(other) = self.abroad(Bug::ForeignQuota) {
            let open = other.live(&other.space.lock(), other.now()).filter(of_owner).count();
            task.quota = task.quota.map(|quota| quota.saturating_sub(u32::try_from(open).unwrap_or(u32::MAX)));
        }
        let wanted = task.idempotency.as_ref()?;
        let other = self.abroad(Bug::ForeignKey)?;
        let space = other.space.lock();
        let same = other.live(&space, other.now()).find(|stored| stored.key().as_ref() == Some(&wanted.key));
        same.map(|same| InsertOutcome::Existing(Box::new(same.record(Part::All))))
    }

    fn refusal(&self, stored: &Stored, request: &ReplaceRequest) -> Option<ReplaceOutcome> {
        let stale_version = stored.head.version != request.guard.version;
        let held = stored.head.lease.as_ref().map(|lease| lease.token);
        let stale_token = request.guard.token.is_some_and(|token| held != Some(token));
        let refused = stale_token || stale_version;
        let hands_back = matches!(request.then, Then::Runnable { .. });
        if (request.guard.token.is_some() && self.switch.bends(Bug::NoFencing, refused))
            || (hands_back && self.switch.bends(Bug::ReleaseWithoutToken, refused))
            || (!stored.head.open && self.switch.bends(Bug::TerminalOverwrite, refused))
        {
            return None;
        }
        if stale_token {
            return Some(ReplaceOutcome::LeaseLost);
        }
        stale_version.then(|| ReplaceOutcome::Conflict(Box::new(stored.record(Part::State))))
    }

    fn replace_locked(&self, space: &mut Space, request: ReplaceRequest, now: StoreTime) -> ReplaceOutcome {
        let drawn = Version(space.draw());
        let Some(stored) = self.task(space, &request.id, now) else { return ReplaceOutcome::Missing };
        if let Some(refusal) = self.refusal(stored, &request) {
            return refusal;
        }
        let old = stored.head.expires;
        let head = &mut stored.head;
        let drawn = if self.switch.is(Bug::TaskVersionsCount) { Version(head.version.0 + 1) } else { drawn };
        (head.version, head.status, head.updated) = (drawn, request.status, now);
        stored.state = request.state;
        let nobody_until = |due| (true, due, None);
        (head.open, head.due, head.lease) = match request.then {
            Then::KeepLease => (head.open, head.due, head.lease.take()),
            Then::Runnable { delay } => nobody_until(Some(self.deadline(now, delay))),
            Then::Waiting { at_most } => nobody_until(at_most.map(|at_most| self.deadline(now, at_most))),
            Then::Terminal { retain } if self.switch.has(Bug::RetainShortens) => {
                let end = self.deadline(now, retain);
                self.switch.bends(Bug::RetainShortens, head.expires.is_some_and(|expires| end < expires));
                head.expires = head.expires.map(|_| end);
                (false, None, None)
            }
            Then::Terminal { retain } => {
                head.expires = head.expires.map(|expires| expires.max(self.deadline(now, retain)));
                (false, None, None)
            }
        };
        let replaced = head.clone();
        self.keep(space, Kept::Task(request.id), old);
        ReplaceOutcome::Replaced(Box::new(replaced))
    }
}

#[async_trait]
impl TaskBackend for Model {
    async fn insert(&self, mut task: NewTask) -> StoreResult<At<InsertOutcome>> {
        self.allowed("insert", self.limits.check_insert(&task))?;
        if let Some(answer) = self.insert_abroad(&mut task) {
            return Ok(At::new(self.now(), answer));
        }
        let (mut space, now) = self.begin().await;
        self.insertable(&space, &task, now)?;
        let outcome = self.insert_locked(&mut space, task, now);
        Ok(At::new(now, outcome))
    }

    async fn get(&self, ids: &[TaskId], filter: &OwnerFilter, part: Part) -> StoreResult<At<Vec<Option<TaskRecord>>>> {
        self.allowed("get", self.limits.check_get(ids))?;
        let (mut space, now) = self.begin().await;
        let damaged = ids.iter().any(|id| self.is_damaged(&space, id, now));
        if damaged && !self.switch.has(Bug::DamageAsAbsent) {
            return Err(corrupt("get"));
        }
        let named = space.tasks.values().filter(|stored| ids.contains(&stored.head.id));
        self.answerable("get", named.map(|stored| stored.bytes_of(part)).sum())?;
        let one = |id| {
            if self.switch.bends(Bug::DamageAsAbsent, self.is_damaged(&space, id, now))
                || self.is_read_past(&space, &Kept::Task(id.clone()), now)
            {
                return None;
            }
            let stored = self.task(&mut space, id, now)?;
            self.admits(filter, &stored.head.owner).then(|| stored.record(part))
        };
        Ok(At::new(now, ids.iter().map(one).collect()))
    }

    async fn replace(&self, request: ReplaceRequest) -> StoreResult<At<ReplaceOutcome>> {
        self.allowed("replace", self.limits.check_replace(&request))?;
        let (mut space, now) = self.begin().await;
        if self.is_damaged(&space, &request.id, now) {
            if self.switch.is(Bug::DamageAsAbsent) {
                return Ok(At::new(now, ReplaceOutcome::Missing));
            }
            return Err(corrupt("replace"));
        }
        let outcome = self.replace_locked(&mut space, request, now);
        Ok(At::new(now, outcome))
    }

    async fn claim(&self, request: ClaimRequest) -> StoreResult<At<Claimed>> {
        self.allowed("claim", self.limits.check_claim(&request))?;
        let mut claimed = self.claim_here(&request).await?;
        if claimed.value.tasks.is_empty()
            && let Some(other) = self.abroad(Bug::ForeignClaim)
        {
            claimed = other.claim(request.clone()).await?;
        }
        if let Some(other) = self.abroad(Bug::ForeignDue) {
            let mut look = request;
            look.limit = 0;
            let due = other.claim(look).await?.value.next_due;
            claimed.value.next_due = claimed.value.next_due.into_iter().chain(due).min();
        }
        Ok(claimed)
    }

    async fn renew(&self, leases: &[(TaskId, Token)], lease: Duration) -> StoreResult<At<Vec<Renewed>>> {
        self.allowed("renew", self.limits.check_renew(leases, lease))?;
        let (mut space, now) = self.begin().await;
        let until = self.deadline(now, lease);
        let damaged = leases.iter().any(|(id, _)| self.is_damaged(&space, id, now));
        if self.switch.bends(Bug::DamageFailsRenewals, damaged) {
            return Err(corrupt("renew"));
        }
        let one = |(id, token): &(TaskId, Token)| {
            if self.is_damaged(&space, id, now) {
                return Renewed::Lost;
            }
            let drawn = Version(space.draw());
            match self.task(&mut space, id, now) {
                Some(stored) if stored.head.lease.as_ref().is_some_and(|lease| lease.token == *token) => {
                    stored.head.due = Some(until);
                    if self.switch.is(Bug::RenewBumpsVersion) {
                        stored.head.version = drawn;
                    }
                    Renewed::Held { until, version: stored.head.version }
                }
                _ => Renewed::Lost,
            }
        };
        Ok(At::new(now, leases.iter().map(one).collect()))
    }

    async fn list_tasks(
        &self,
        filter: &OwnerFilter,
        status: Option<u8>,
        request: PageRequest,
    ) -> StoreResult<At<Page<TaskHead>>> {
        let abroad = self.abroad(Bug::ForeignTasks);
        let (space, now) = self.begin().await;
        if self.switch.has(Bug::EmptyPageEndsWalk) {
            let of_owner = self.live(&space, now).filter(|stored| self.admits(filter, &stored.head.owner));
            let mut keys: Vec<_> = of_owner.map(|stored| (newest_first(&stored.head), stored.head.status)).collect();
            keys.sort();
            let looked = keys.iter().take(request.limit.examined());
            let fits = looked.filter(|(_, of)| status.is_none_or(|status| status == *of)).count();
            if self.switch.bends(Bug::EmptyPageEndsWalk, fits == 0 && keys.len() > request.limit.examined()) {
                return Ok(At::new(now, Page::last(Vec::new())));
            }
        }
        let mut rows: Vec<_> = self
            .live(&space, now)
            .filter(|stored| self.admits(filter, &stored.head.owner))
            .filter(|stored| status.is_none_or(|status| stored.head.status == status))
            .map(|stored| (newest_first(&stored.head), stored.head.clone()))
            .collect();
        if let Some(other) = abroad {
            let others = other.space.lock();
            let fits = self.live(&others, now).filter(|stored| self.admits(filter, &stored.head.owner));
            rows.extend(fits.map(|stored| (newest_first(&stored.head), stored.head.clone())));
        }
        rows.sort_by(|(a, _), (b, _)| a.cmp(b));
        self.leave_out("list_tasks", "task", &mut rows, |(_, head)| space.damaged.task(&head.id))?;
        Ok(At::new(now, page(&self.switch, "list_tasks", b't', rows, &request, None)?))
    }
}

/// A sort key that rises as creation time and then id fall: inverted bytes, each after a 0, and an end above that.
fn newest_first(head: &TaskHead) -> Vec<u8> {
    let mut key = (!head.created.as_millis()).to_be_bytes().to_vec();
    key.extend(head.id.as_str().bytes().flat_map(|byte| [0, !byte]));
    key.push(1);
    key
}
