use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::progress::PendingProgress;
use super::tasks::Tasks;
use crate::context::Replay;
use crate::context::{Caller, ContextError};
use crate::ids::TaskId;
use crate::principal::OwnerFilter;
use crate::session::Version;
use crate::task::machine::{Snapshot, Step};
use crate::task::{Lease, Part, Progress, RunPolicy, TaskEvent, TaskHead, TaskSpec, TaskState, TaskStatus, Token};
use crate::time::StoreTime;

use super::write::{Patience, RunError};

/// A task this node holds a lease on: the record as this worker knows it, and the only way for the handler and the
/// worker to write it.
pub(crate) struct TaskRun {
    pub(super) tasks: Arc<Tasks>,
    pub(crate) spec: TaskSpec,
    policy: RunPolicy,
    pub(super) id: TaskId,
    pub(super) queue: String,
    session: Option<String>,
    pub(super) replay: Arc<Replay>,
    /// Starts of the handler that count, this one included. Claims come on top when this node claims again what it still
    /// runs.
    pub(super) attempts: u32,
    pub(super) record: tokio::sync::Mutex<Held>,
    seen: Mutex<Seen>,
    pub(super) progress: PendingProgress,
    nudged: Notify,
    /// Cancelled when whatever this run does no longer counts.
    pub(crate) lost: CancellationToken,
    /// Cancelled when its handler has ended and is dropped.
    pub(super) ended: CancellationToken,
}

/// The record as this run last wrote or read it.
pub(super) struct Held {
    pub(super) token: Token,
    pub(super) version: Version,
    pub(super) snapshot: Snapshot,
    /// The run has let go of the task, by its end or to be claimed anew.
    pub(super) over: bool,
}

/// What of the record is known without waiting for a write in flight.
#[derive(Clone, Copy)]
pub(super) struct Seen {
    pub(super) token: Token,
    version: Version,
    /// The client still owes an answer.
    pub(super) waiting: bool,
    pub(super) input_deadline: Option<StoreTime>,
}

impl Seen {
    fn of(held: &Held) -> Self {
        let state = &held.snapshot.state;
        Self {
            token: held.token,
            version: held.version,
            waiting: state.journal.is_waiting(),
            input_deadline: state.input_deadline,
        }
    }
}

impl TaskRun {
    pub(super) fn new(
        tasks: Arc<Tasks>,
        head: &TaskHead,
        lease: &Lease,
        status: TaskStatus,
        spec: TaskSpec,
        state: TaskState,
    ) -> Self {
        let (policy, state_asks_progress) = (state.policy, state.progress_token.is_some());
        let snapshot = Snapshot { status, claims: head.claims, leased: true, state };
        let held = Held { token: lease.token, version: head.version, snapshot, over: false };
        Self {
            tasks,
            progress: PendingProgress::new(state_asks_progress),
            policy,
            spec,
            id: head.id.clone(),
            queue: head.queue.clone(),
            session: head.session.clone(),
            replay: Arc::new(Replay::resumed(held.snapshot.state.journal.clone(), BTreeMap::new())),
            attempts: held.snapshot.attempts(),
            seen: Mutex::new(Seen::of(&held)),
            record: tokio::sync::Mutex::new(held),
            nudged: Notify::new(),
            lost: CancellationToken::new(),
            ended: CancellationToken::new(),
        }
    }

    pub(crate) const fn id(&self) -> &TaskId {
        &self.id
    }

    pub(crate) fn session(&self) -> Option<&str> {
        self.session.as_deref()
    }

    /// Who submitted it.
    pub(super) fn caller(&self) -> Caller {
        let spec = &self.spec;
        Caller::of_task(spec.auth.clone(), self.session.clone(), spec.scope.clone(), spec.abilities)
    }

    pub(crate) const fn policy(&self) -> &RunPolicy {
        &self.policy
    }

    pub(super) fn seen(&self) -> Seen {
        *self.seen.lock()
    }

    pub(super) fn show(&self, held: &Held) {
        *self.seen.lock() = Seen::of(held);
    }

    pub(crate) fn note_progress(&self, progress: Progress) {
        self.progress.note(progress);
    }

    // ---- changes by others ----

    /// Somebody may have changed the record.
    pub(super) fn nudge(&self) {
        self.nudged.notify_one();
    }

    /// What a renewal saw.
    pub(super) fn saw_version(&self, version: Version) {
        if version > self.seen().version {
            self.nudge();
        }
    }

    pub(super) async fn nudged(&self) {
        self.nudged.notified().await;
    }

    /// Reads the record again and takes over what others wrote: answers, a cancellation, a claim of this very node.
    ///
    /// In a task of its own: the caller may be the handler's own driver, which must not be what a write waits for.
    pub(super) async fn refresh(self: &Arc<Self>) {
        let run = self.clone();
        let refresh = async move {
            let mut held = run.record.lock().await;
            if let Err(error) = run.read_again(&mut held).await {
                tracing::debug!(task = %run.id.short(), %error, "could not look at a running task");
            }
        };
        drop(tokio::spawn(refresh).await);
    }

    /// One read of the record. The run is lost if it is no longer its own.
    pub(super) async fn read_again(&self, held: &mut Held) -> Result<(), crate::error::StoreError> {
        let ids = std::slice::from_ref(&self.id);
        let mut found = self.tasks.node.stores.tasks.get(ids, &OwnerFilter::Any, Part::State).await?;
        self.tasks.node.observe(found.now);
        match found.value.pop().flatten() {
            Some(record) => self.adopt(held, &record),
            None => self.lost.cancel(),
        }
        Ok(())
    }

    // ---- writes ----

    /// A write of the handler. A store that does not answer is waited for, until the run is lost or ends.
    pub(crate) async fn write(self: &Arc<Self>, event: TaskEvent) -> Result<(), ContextError> {
        match self.settle(event).await {
            Ok(_) | Err(RunError::Unchanged) => Ok(()),
            Err(RunError::Lost) => Err(ContextError::TaskLost),
            Err(RunError::KeyReused(key)) => Err(ContextError::KeyReused(key)),
            Err(RunError::Store(error)) => Err(error.into()),
        }
    }

    /// A write that goes on until it is done, refused for good, or the task is lost (contract T6).
    pub(super) async fn settle(self: &Arc<Self>, event: TaskEvent) -> Result<Step, RunError> {
        self.write_with(event, Patience::UntilLost).await
    }

    /// Writes what the handler has last said, if it has. What fails is written with the next.
    pub(super) async fn write_progress(self: &Arc<Self>) {
        let Some(progress) = self.progress.latest() else { return };
        if let Err(RunError::Store(error)) = self.write_with(TaskEvent::Progressed(progress), Patience::Once).await {
            tracing::debug!(task = %self.id.short(), %error, "progress was not written");
        }
    }

    async fn write_with(self: &Arc<Self>, event: TaskEvent, patience: Patience) -> Result<Step, RunError> {
        let run = self.clone();
        // A task of its own, so that a write is never left half done by a handler that is dropped or not polled.
        tokio::spawn(async move { run.write_now(event, patience).await }).await.unwrap_or(Err(RunError::Lost))
    }
}
