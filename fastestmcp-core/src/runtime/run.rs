use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::error::ContextError;
use super::progress;
use super::replay::Replay;
use super::shared::{Shared, backoff};
use crate::error::{Outcome, StoreError, StoreErrorKind};
use crate::ids::TaskId;
use crate::principal::OwnerFilter;
use crate::session::Version;
use crate::task::machine::{Rejected, Snapshot, Step, apply};
use crate::task::{
    Guard, Part, Progress, ReplaceOutcome, ReplaceRequest, RunPolicy, TaskEvent, TaskHead, TaskRecord, TaskSpec,
    TaskState, TaskStatus, Then, Token,
};

/// How often a write of the handler is repeated before the handler gets the error.
const HANDLER_TRIES: u32 = 4;

/// A task this node holds a lease on: the record as this worker knows it, and the only way for the handler and the
/// worker to write it.
pub(crate) struct TaskRun {
    shared: Arc<Shared>,
    pub(crate) spec: TaskSpec,
    id: TaskId,
    token: Token,
    queue: String,
    session: Option<String>,
    replay: Arc<Replay>,
    record: tokio::sync::Mutex<Held>,
    /// The version of `record`, to be read without waiting for a write in flight.
    version: AtomicU64,
    /// Said by the handler, not yet written.
    progress: Mutex<Option<Progress>>,
    progressed: Notify,
    /// Said by the handler, not yet published; only if the client asked for it.
    fine: Mutex<Option<Progress>>,
    fine_progressed: Notify,
    wants_fine: bool,
    nudged: Notify,
    /// Cancelled when whatever this run does no longer counts.
    pub(crate) lost: CancellationToken,
}

struct Held {
    version: Version,
    snapshot: Snapshot,
}

/// Why a write of a run did not happen.
#[derive(Debug)]
pub(crate) enum RunError {
    /// The task is no longer this run's.
    Lost,
    /// There was nothing to write.
    Unchanged,
    /// The key stands for another request.
    KeyReused(String),
    /// The store failed, repeatedly.
    Store(StoreError),
}

impl TaskRun {
    pub(crate) fn new(shared: Arc<Shared>, head: &TaskHead, token: Token, spec: TaskSpec, state: TaskState) -> Self {
        let snapshot = Snapshot {
            status: TaskStatus::from_code(head.status).unwrap_or(TaskStatus::Working),
            claims: head.claims,
            leased: true,
            state,
        };
        let wants_fine = progress::wanted(&spec);
        Self {
            shared,
            spec,
            id: head.id.clone(),
            token,
            queue: head.queue.clone(),
            session: head.session.clone(),
            replay: Arc::new(Replay::resumed(snapshot.state.journal.clone(), BTreeMap::new())),
            record: tokio::sync::Mutex::new(Held { version: head.version, snapshot }),
            version: AtomicU64::new(head.version.0),
            progress: Mutex::new(None),
            progressed: Notify::new(),
            fine: Mutex::new(None),
            fine_progressed: Notify::new(),
            wants_fine,
            nudged: Notify::new(),
            lost: CancellationToken::new(),
        }
    }

    pub(crate) fn id(&self) -> &TaskId {
        &self.id
    }

    pub(crate) const fn token(&self) -> Token {
        self.token
    }

    pub(crate) fn session(&self) -> Option<&str> {
        self.session.as_deref()
    }

    pub(crate) fn replay(&self) -> Arc<Replay> {
        self.replay.clone()
    }

    pub(crate) const fn policy(&self) -> &RunPolicy {
        &self.spec.policy
    }

    /// Starts of the handler that count, this one included.
    pub(crate) async fn attempts(&self) -> u32 {
        self.record.lock().await.snapshot.attempts()
    }

    /// Whether the client still owes an answer.
    pub(crate) async fn is_waiting(&self) -> bool {
        self.record.lock().await.snapshot.state.journal.is_waiting()
    }

    // ---- progress ----

    pub(crate) fn note_progress(&self, progress: Progress) {
        if self.wants_fine {
            *self.fine.lock() = Some(progress.clone());
            self.fine_progressed.notify_one();
        }
        *self.progress.lock() = Some(progress);
        self.progressed.notify_one();
    }

    /// Resolves when there is progress to publish.
    pub(crate) async fn fine_progressed(&self) {
        while self.fine.lock().is_none() {
            self.fine_progressed.notified().await;
        }
    }

    /// Publishes the latest progress, in the background.
    pub(crate) fn publish_progress(self: &Arc<Self>) {
        let Some(latest) = self.fine.lock().take() else { return };
        let run = self.clone();
        tokio::spawn(async move { progress::publish(&run.shared, &run.id, &latest).await });
    }

    /// Resolves when there is progress to write.
    pub(crate) async fn progressed(&self) {
        while self.progress.lock().is_none() {
            self.progressed.notified().await;
        }
    }

    pub(crate) async fn write_progress(self: &Arc<Self>) {
        let Some(progress) = self.progress.lock().take() else { return };
        if let Err(error) = self.write_within(TaskEvent::Progressed(progress), Some(1)).await {
            tracing::debug!(task = %self.id, ?error, "progress was not written");
        }
    }

    /// Forgets what has been written, unless the handler has said something new meanwhile.
    fn forget_progress(&self, written: Option<&Progress>) {
        let mut progress = self.progress.lock();
        if progress.as_ref() == written {
            *progress = None;
        }
    }

    // ---- changes by others ----

    /// Somebody may have changed the record.
    pub(crate) fn nudge(&self) {
        self.nudged.notify_one();
    }

    /// What a renewal saw.
    pub(crate) fn saw_version(&self, version: Version) {
        if version.0 > self.version.load(Ordering::Acquire) {
            self.nudge();
        }
    }

    pub(crate) async fn nudged(&self) {
        self.nudged.notified().await;
    }

    /// Reads the record again and takes over what others wrote: answers, a cancellation.
    pub(crate) async fn refresh(self: &Arc<Self>) {
        let run = self.clone();
        let refresh = async move {
            let mut held = run.record.lock().await;
            let found = run.shared.stores.tasks.get(std::slice::from_ref(&run.id), &OwnerFilter::Any, Part::State);
            match found.await {
                Ok(mut found) => {
                    run.shared.observe(found.now);
                    match found.value.pop().flatten() {
                        Some(record) => run.adopt(&mut held, record),
                        None => run.lost.cancel(),
                    }
                }
                Err(error) => tracing::debug!(task = %run.id, %error, "could not look at a running task"),
            }
        };
        // A task of its own: the caller may be the handler's own driver, which must not be what a write waits for.
        drop(tokio::spawn(refresh).await);
    }

    fn adopt(&self, held: &mut Held, record: TaskRecord) {
        let ours = record.head.lease.as_ref().is_some_and(|lease| lease.token == self.token);
        let state = record.state.as_deref().map(TaskState::decode);
        match (ours, state) {
            (true, Some(Ok(state))) => {
                if record.head.version > held.version {
                    self.replay.adopt(&state.journal);
                    held.snapshot.state = state;
                    held.snapshot.status = TaskStatus::from_code(record.head.status).unwrap_or(held.snapshot.status);
                    self.set_version(held, record.head.version);
                }
            }
            _ => self.lost.cancel(),
        }
    }

    fn set_version(&self, held: &mut Held, version: Version) {
        held.version = version;
        self.version.store(version.0, Ordering::Release);
    }

    // ---- writes ----

    /// A write of the handler: fails after a few tries.
    pub(crate) async fn write(self: &Arc<Self>, event: TaskEvent) -> Result<(), ContextError> {
        match self.write_within(event, Some(HANDLER_TRIES)).await {
            Ok(_) | Err(RunError::Unchanged) => Ok(()),
            Err(RunError::Lost) => Err(ContextError::TaskLost),
            Err(RunError::KeyReused(key)) => Err(ContextError::KeyReused(key)),
            Err(RunError::Store(error)) => Err(error.into()),
        }
    }

    /// A write of the worker: goes on until it is done, refused for good, or the task is lost.
    pub(crate) async fn settle(self: &Arc<Self>, event: TaskEvent) -> Result<Step, RunError> {
        self.write_within(event, None).await
    }

    async fn write_within(self: &Arc<Self>, event: TaskEvent, tries: Option<u32>) -> Result<Step, RunError> {
        let run = self.clone();
        // A task of its own, so that a write is never left half done by a handler that is dropped or not polled.
        tokio::spawn(async move { run.write_now(event, tries).await }).await.unwrap_or(Err(RunError::Lost))
    }

    async fn write_now(&self, event: TaskEvent, tries: Option<u32>) -> Result<Step, RunError> {
        let mut held = self.record.lock().await;
        let mut attempt = 0;
        loop {
            if self.lost.is_cancelled() {
                return Err(RunError::Lost);
            }
            let mut before = held.snapshot.clone();
            // Whatever is written carries the latest progress along: the last one always lands (contract T11).
            if let Some(progress) = self.progress.lock().clone() {
                before.state.progress = Some(progress);
            }
            let step = match apply(self.policy(), before, event.clone()) {
                Ok(step) => step,
                Err(Rejected::KeyReused(key)) => return Err(RunError::KeyReused(key)),
                Err(Rejected::Terminal) => {
                    self.lost.cancel();
                    return Err(RunError::Lost);
                }
                Err(Rejected::Unchanged | Rejected::InvalidAnswer(_)) => return Err(RunError::Unchanged),
            };
            match self.replace(&mut held, &step).await {
                Ok(true) => return Ok(step),
                Ok(false) => {}
                Err(error) => {
                    attempt += 1;
                    let again = error.is_retryable() || error.outcome == Outcome::Unknown;
                    if !again || tries.is_some_and(|tries| attempt >= tries) {
                        return Err(RunError::Store(error));
                    }
                    tracing::warn!(task = %self.id, %error, attempt, "a task write is repeated");
                    tokio::time::sleep(backoff(Duration::from_millis(50), attempt, Duration::from_secs(2))).await;
                }
            }
        }
    }

    /// One replace. `Ok(false)`: somebody else wrote in between, `held` is what they wrote.
    async fn replace(&self, held: &mut Held, step: &Step) -> Result<bool, StoreError> {
        let state = step.state.encode().map_err(|error| {
            StoreError::new(StoreErrorKind::InvalidInput, "core", "replace", "the state does not serialize")
                .caused_by(error)
        })?;
        let guard = Guard { version: held.version, token: Some(self.token) };
        let request = ReplaceRequest::new(self.id.clone(), guard, step.status.code(), state, step.then);
        let answer = self.shared.stores.tasks.replace(request).await?;
        self.shared.observe(answer.now);
        match answer.value {
            ReplaceOutcome::Replaced(head) => {
                let changed = step.status != held.snapshot.status;
                self.forget_progress(step.state.progress.as_ref());
                self.replay.adopt(&step.state.journal);
                held.snapshot.status = step.status;
                held.snapshot.state = step.state.clone();
                self.set_version(held, head.version);
                if let Then::Terminal { retain } = step.then {
                    self.shared.keep_readable(&self.spec.auth.principal, self.session(), retain).await;
                }
                let due = matches!(step.then, Then::Runnable { .. }).then_some(self.queue.as_str());
                if changed || due.is_some() {
                    self.shared.announce(&self.id, due).await;
                }
                Ok(true)
            }
            ReplaceOutcome::Conflict(record) => {
                self.adopt(held, *record);
                Ok(false)
            }
            ReplaceOutcome::LeaseLost | ReplaceOutcome::Missing => {
                self.lost.cancel();
                Ok(false)
            }
        }
    }
}
