use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use fastestmcp_core::ids::TaskId;
use fastestmcp_core::principal::Owner;
use fastestmcp_core::session::Version;
use fastestmcp_core::task::{
    Idempotency, InsertOutcome, NewTask, Part, Renewed, ReplaceOutcome, ReplaceRequest, TaskHead, Token,
};
use fastestmcp_core::time::StoreTime;

use super::owned::{Newest, Owned};
use super::queue::Queue;
use super::record::Task;
use crate::space::Sequence;
use crate::sweep::Budget;

/// All tasks of one namespace with their indexes.
#[derive(Debug, Default)]
pub(crate) struct Tasks {
    records: HashMap<Arc<str>, Task>,
    pub(super) queues: HashMap<String, Queue>,
    pub(super) newest: Newest,
    pub(super) owners: HashMap<Owner, Owned>,
    keys: HashMap<String, Arc<str>>,
    expiry: BTreeSet<(StoreTime, Arc<str>)>,
}

/// The expiry of tasks that never expire, where they are ordered by it.
const NEVER: StoreTime = StoreTime::from_millis(u64::MAX);

impl Tasks {
    /// The task of this id that is not expired.
    pub(super) fn live(&self, id: &str, now: StoreTime) -> Option<&Task> {
        self.records.get(id).filter(|task| task.live(now))
    }

    /// The task of this id, expired or not.
    pub(super) fn stored(&self, id: &str) -> Option<&Task> {
        self.records.get(id)
    }

    pub(super) fn insert(&mut self, new: NewTask, now: StoreTime, sequence: &Sequence) -> InsertOutcome {
        if let Some(task) = self.live(new.id.as_str(), now) {
            return InsertOutcome::Existing(Box::new(task.record(Part::All)));
        }
        if let Some(Idempotency { key, digest }) = &new.idempotency
            && let Some(task) = self.keys.get(key).and_then(|id| self.live(id, now))
        {
            return match &task.idempotency {
                Some(taken) if taken.digest == *digest => InsertOutcome::Existing(Box::new(task.record(Part::All))),
                _ => InsertOutcome::KeyReused,
            };
        }
        if let Some(quota) = new.quota {
            let open = self.owners.get(&new.owner).map_or(0, |owned| owned.count_open(now));
            if open >= quota {
                return InsertOutcome::QuotaExceeded { open };
            }
        }
        self.remove(new.id.as_str());
        let id: Arc<str> = Arc::from(new.id.as_str());
        if let Some(Idempotency { key, .. }) = &new.idempotency {
            self.keys.insert(key.clone(), id.clone());
        }
        let task = Task::new(new, now, Version(sequence.draw()));
        let head = Box::new(task.head.clone());
        self.newest.insert(head.created, &id);
        self.owners.entry(head.owner.clone()).or_default().newest.insert(head.created, &id);
        let place = Place::of(&head);
        self.records.insert(id.clone(), task);
        self.index(&id, Place::default(), place);
        InsertOutcome::Inserted(head)
    }

    pub(super) fn replace(&mut self, request: ReplaceRequest, now: StoreTime, sequence: &Sequence) -> ReplaceOutcome {
        let id = request.id.as_str();
        let Some(task) = self.live(id, now) else {
            return ReplaceOutcome::Missing;
        };
        if request.guard.token.is_some_and(|token| !holds(task, token)) {
            return ReplaceOutcome::LeaseLost;
        }
        if task.head.version != request.guard.version {
            return ReplaceOutcome::Conflict(Box::new(task.record(Part::State)));
        }
        let head = self.edit(id, |task| {
            task.head.version = Version(sequence.draw());
            task.head.status = request.status;
            task.head.updated = now;
            task.state = request.state;
            task.enter(request.then, now);
            Box::new(task.head.clone())
        });
        head.map_or(ReplaceOutcome::Missing, ReplaceOutcome::Replaced)
    }

    pub(super) fn renew(&mut self, id: &TaskId, token: Token, until: StoreTime, now: StoreTime) -> Renewed {
        match self.live(id.as_str(), now) {
            Some(task) if holds(task, token) => {}
            _ => return Renewed::Lost,
        }
        let version = self.edit(id.as_str(), |task| {
            task.head.due = Some(until);
            task.head.version
        });
        version.map_or(Renewed::Lost, |version| Renewed::Held { until, version })
    }

    /// How many there are, with their places in all indexes.
    pub(crate) fn rows(&self) -> usize {
        let queued: usize = self.queues.values().map(Queue::len).sum();
        let owned: usize = self.owners.values().map(|owned| owned.newest.len() + owned.open.len()).sum();
        self.records.len() + queued + self.newest.len() + owned + self.keys.len() + self.expiry.len()
    }

    /// Frees expired tasks; false if the budget ran out first.
    pub(crate) fn sweep(&mut self, now: StoreTime, budget: &mut Budget) -> bool {
        while let Some((_, id)) = self.expiry.first().filter(|(expires, _)| *expires <= now).cloned() {
            if budget.spent() {
                return false;
            }
            let bytes = self.remove(&id).map_or(0, |task| task.spec.len() + task.state.len());
            budget.spend(bytes);
        }
        true
    }

    /// Changes a task and keeps the indexes.
    pub(super) fn edit<R>(&mut self, id: &str, change: impl FnOnce(&mut Task) -> R) -> Option<R> {
        let id = self.records.get_key_value(id)?.0.clone();
        let task = self.records.get_mut(&id)?;
        let before = Place::of(&task.head);
        let result = change(task);
        let after = Place::of(&task.head);
        self.index(&id, before, after);
        Some(result)
    }

    fn remove(&mut self, id: &str) -> Option<Task> {
        let id = self.records.get_key_value(id)?.0.clone();
        let place = Place::of(&self.records.get(&id)?.head);
        self.index(&id, place, Place::default());
        let task = self.records.remove(&id)?;
        self.newest.remove(task.head.created, &id);
        if let Some(owned) = self.owners.get_mut(&task.head.owner) {
            owned.newest.remove(task.head.created, &id);
            if owned.newest.is_empty() {
                self.owners.remove(&task.head.owner);
            }
        }
        if let Some(Idempotency { key, .. }) = &task.idempotency
            && self.keys.get(key) == Some(&id)
        {
            self.keys.remove(key);
        }
        Some(task)
    }

    /// Moves a task in the indexes that its change concerns.
    fn index(&mut self, id: &Arc<str>, before: Place, after: Place) {
        let Some(Task { head, .. }) = self.records.get(id) else { return };
        if before.due != after.due {
            if !self.queues.contains_key(&head.queue) {
                self.queues.insert(head.queue.clone(), Queue::default());
            }
            if let Some(queue) = self.queues.get_mut(&head.queue) {
                before.due.inspect(|due| queue.remove(head.priority, &(*due, id.clone())));
                after.due.inspect(|due| queue.insert(head.priority, (*due, id.clone())));
                if queue.is_empty() {
                    self.queues.remove(&head.queue);
                }
            }
        }
        if before.expires != after.expires {
            move_in(&mut self.expiry, id, before.expires, after.expires);
        }
        if before.open != after.open
            && let Some(owned) = self.owners.get_mut(&head.owner)
        {
            move_in(&mut owned.open, id, before.open, after.open);
        }
    }
}

/// What can change about a task and decides where the indexes have it.
#[derive(Clone, Copy, Default)]
struct Place {
    due: Option<StoreTime>,
    expires: Option<StoreTime>,
    /// While it is open: its expiry.
    open: Option<StoreTime>,
}

impl Place {
    fn of(head: &TaskHead) -> Self {
        let open = head.open.then(|| head.expires.unwrap_or(NEVER));
        Self { due: head.due, expires: head.expires, open }
    }
}

fn move_in(
    index: &mut BTreeSet<(StoreTime, Arc<str>)>,
    id: &Arc<str>,
    before: Option<StoreTime>,
    after: Option<StoreTime>,
) {
    if let Some(at) = before {
        index.remove(&(at, id.clone()));
    }
    index.extend(after.map(|at| (at, id.clone())));
}

fn holds(task: &Task, token: Token) -> bool {
    task.head.lease.as_ref().is_some_and(|lease| lease.token == token)
}
