use std::time::Duration;

use bytes::Bytes;

use super::record::{TaskHead, TaskRecord, Token};
use crate::ids::TaskId;
use crate::limits::{Limits, Refused, check_delay, check_span};
use crate::principal::Owner;
use crate::session::Version;
use crate::time::StoreTime;

/// Makes an insert safe to repeat by key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Idempotency {
    /// The key, already scoped by core to owner and tool. Kept as long as the task.
    pub key: String,
    /// What was asked: the same key with another digest is [`InsertOutcome::KeyReused`].
    pub digest: String,
}

/// A task to insert.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NewTask {
    /// The id; an insert of an id that exists is answered with the record that is there.
    pub id: TaskId,
    /// Who owns it.
    pub owner: Owner,
    /// The session it belongs to, as a digest.
    pub session: Option<String>,
    /// The queue to wait in.
    pub queue: String,
    /// 0 to 9; 9 is claimed first.
    pub priority: u8,
    /// The initial status, opaque to backends.
    pub status: u8,
    /// How long until it is due.
    pub delay: Duration,
    /// How long until it is absent; `None` for never.
    pub ttl: Option<Duration>,
    /// What to do.
    pub spec: Bytes,
    /// How far it is.
    pub state: Bytes,
    /// Makes the insert safe to repeat by key.
    pub idempotency: Option<Idempotency>,
    /// Refuse if the owner has this many open tasks already.
    pub quota: Option<u32>,
}

impl NewTask {
    /// A task due at once, of middle priority (5), that never expires.
    pub fn new(id: TaskId, owner: Owner, queue: impl Into<String>, spec: Bytes, state: Bytes) -> Self {
        Self {
            id,
            owner,
            session: None,
            queue: queue.into(),
            priority: 5,
            status: 0,
            delay: Duration::ZERO,
            ttl: None,
            spec,
            state,
            idempotency: None,
            quota: None,
        }
    }
}

/// What became of an insert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InsertOutcome {
    /// It is stored and readable on every node.
    Inserted(Box<TaskHead>),
    /// The id or the idempotency key is taken by this record (head, spec and state): nothing was written.
    Existing(Box<TaskRecord>),
    /// The idempotency key is taken with another digest: nothing was written.
    KeyReused,
    /// The owner has `open` open tasks, which is the quota or more: nothing was written.
    QuotaExceeded {
        /// Open tasks of the owner that are not expired.
        open: u32,
    },
}

/// What a replace requires of the record it changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Guard {
    /// The version it was read at.
    pub version: Version,
    /// For the holder of a lease: its token. The record must still be leased under it; that the lease has ended
    /// does not matter as long as nobody has reclaimed.
    pub token: Option<Token>,
}

/// What happens to a task after a replace: the four phases that are all the lifecycle a backend knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// Due time, lease and whether it is open stay as they are: the holder goes on, or a task nobody holds keeps its
    /// place.
    KeepLease,
    /// Nobody holds it; it is due after `delay`. Reopens a terminal task (an operator's requeue), as `Waiting` does.
    Runnable {
        /// How long until it is due.
        delay: Duration,
    },
    /// Nobody holds it; it is not due before `at_most` has passed, if that is set.
    Waiting {
        /// When to give up waiting.
        at_most: Option<Duration>,
    },
    /// It is no longer open. It stays readable for at least `retain`: its expiry is extended if need be, never shortened.
    Terminal {
        /// How long the outcome stays readable at least.
        retain: Duration,
    },
}

/// A guarded write of status, state and phase.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReplaceRequest {
    /// Which task.
    pub id: TaskId,
    /// What must hold.
    pub guard: Guard,
    /// The new status, opaque to backends.
    pub status: u8,
    /// The new state.
    pub state: Bytes,
    /// The new phase.
    pub then: Then,
}

impl ReplaceRequest {
    /// A replace of the task `id`.
    pub const fn new(id: TaskId, guard: Guard, status: u8, state: Bytes, then: Then) -> Self {
        Self { id, guard, status, state, then }
    }
}

/// What became of a replace. Everything but `Replaced` changed nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReplaceOutcome {
    /// Applied.
    Replaced(Box<TaskHead>),
    /// The version differs; this is the record now, head and state.
    Conflict(Box<TaskRecord>),
    /// A token was given and the task is not leased under it (any more).
    LeaseLost,
    /// Unknown or expired.
    Missing,
}

/// A worker asking for due tasks.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClaimRequest {
    /// The queues it serves.
    pub queues: Vec<String>,
    /// Its name, for people.
    pub worker: String,
    /// How many tasks at most; 0 only asks for [`Claimed::next_due`].
    pub limit: usize,
    /// How long the lease lasts unless it is renewed.
    pub lease: Duration,
}

impl ClaimRequest {
    /// A claim of up to `limit` tasks of `queues`.
    pub fn new(queues: Vec<String>, worker: impl Into<String>, limit: usize, lease: Duration) -> Self {
        Self { queues, worker: worker.into(), limit, lease }
    }
}

/// What a claim got.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Claimed {
    /// The tasks, now leased to the worker, with spec and state, in the order they were due.
    pub tasks: Vec<TaskRecord>,
    /// How long until another task of these queues is due, the ends of leases included: zero if one is now, `None` if
    /// nothing is scheduled. A backend may count the leases of this very claim.
    pub next_due: Option<Duration>,
    /// Due records that could not be read. They were stepped over and are not due any more, so that each is reported
    /// once (G16).
    pub damaged: Vec<TaskId>,
}

impl Claimed {
    /// A claim that met no damage.
    pub const fn new(tasks: Vec<TaskRecord>, next_due: Option<Duration>) -> Self {
        Self { tasks, next_due, damaged: Vec::new() }
    }
}

/// What became of one lease in a renewal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Renewed {
    /// Extended.
    Held {
        /// The new end.
        until: StoreTime,
        /// The record's version: a change tells the holder that somebody else wrote.
        version: Version,
    },
    /// The task is unknown, expired, or not leased under this token (any more).
    Lost,
}

impl Limits {
    /// Checks an `insert`.
    ///
    /// # Errors
    /// Something is too large, the priority is above 9, or the ttl is not within 1 ms to 100 years.
    pub fn check_insert(&self, task: &NewTask) -> Result<(), Refused> {
        self.check_key("task id", task.id.as_str())?;
        self.check_key("owner", task.owner.as_str())?;
        self.check_key("queue", &task.queue)?;
        self.check_key("session", task.session.as_deref().unwrap_or_default())?;
        self.check_key("idempotency key", task.idempotency.as_ref().map_or("", |idempotency| &idempotency.key))?;
        self.check_value("spec", task.spec.len())?;
        self.check_value("state", task.state.len())?;
        if task.priority > 9 {
            return Err(Refused::invalid(format!("priority {} is above 9", task.priority)));
        }
        check_delay("delay", task.delay)?;
        task.ttl.map_or(Ok(()), |ttl| check_span("ttl", ttl))
    }

    /// Checks a `replace`.
    ///
    /// # Errors
    /// The state is too large or a duration above 100 years.
    pub fn check_replace(&self, request: &ReplaceRequest) -> Result<(), Refused> {
        self.check_key("task id", request.id.as_str())?;
        self.check_value("state", request.state.len())?;
        match request.then {
            Then::KeepLease => Ok(()),
            Then::Runnable { delay } => check_delay("delay", delay),
            Then::Waiting { at_most } => at_most.map_or(Ok(()), |at_most| check_delay("at_most", at_most)),
            Then::Terminal { retain } => check_delay("retain", retain),
        }
    }

    /// Checks a `get`.
    ///
    /// # Errors
    /// An id or their number is too large.
    pub fn check_get(&self, ids: &[TaskId]) -> Result<(), Refused> {
        self.check_batch("ids", ids.len())?;
        ids.iter().try_for_each(|id| self.check_key("task id", id.as_str()))
    }

    /// Checks a `renew`.
    ///
    /// # Errors
    /// The lease is not within 1 ms to 100 years, or an id or their number is too large.
    pub fn check_renew(&self, leases: &[(TaskId, Token)], lease: Duration) -> Result<(), Refused> {
        self.check_batch("leases", leases.len())?;
        leases.iter().try_for_each(|(id, _)| self.check_key("task id", id.as_str()))?;
        check_span("lease", lease)
    }

    /// Checks a `claim`.
    ///
    /// # Errors
    /// The lease is not within 1 ms to 100 years, or a name or their number is too large.
    pub fn check_claim(&self, request: &ClaimRequest) -> Result<(), Refused> {
        self.check_key("worker", &request.worker)?;
        self.check_batch("queues", request.queues.len())?;
        self.check_batch("limit", request.limit)?;
        request.queues.iter().try_for_each(|queue| self.check_key("queue", queue))?;
        check_span("lease", request.lease)
    }
}
