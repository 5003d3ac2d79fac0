//! The writes of a run: one at a time, guarded by version and fencing token, repeated until they are done.

use std::time::Duration;

use bytes::Bytes;

use super::run::{Held, TaskRun};
use crate::error::{Outcome, StoreError, StoreErrorKind};
use crate::task::machine::{Rejected, Step, apply};
use crate::task::{
    Guard, ReplaceOutcome, ReplaceRequest, TaskEvent, TaskHead, TaskOutcome, TaskRecord, TaskStatus, Then,
};
use crate::time::backoff;

/// The pause after a first failure, and the longest.
const PAUSE: (Duration, Duration) = (Duration::from_millis(20), Duration::from_millis(500));

/// How long a write is repeated against a store that does not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Patience {
    /// Not at all.
    Once,
    /// Until the store answers or the task is certainly lost: an outage is never the handler's outcome (contract T6).
    UntilLost,
}

/// Why a write of a run did not happen.
#[derive(Debug)]
pub(super) enum RunError {
    /// The task is no longer this run's.
    Lost,
    /// There was nothing to write.
    Unchanged,
    /// The key stands for another request.
    KeyReused(String),
    /// The store refused the write for good, or did not answer before the node stopped.
    Store(StoreError),
}

/// A write as it was sent.
struct Sent {
    step: Step,
    state: Bytes,
}

/// What came of sending it.
enum Reply {
    Applied(Box<TaskHead>),
    /// Somebody else wrote; the run has taken it over, if it still is the task's.
    Overtaken,
}

impl TaskRun {
    pub(super) async fn write_now(&self, event: TaskEvent, patience: Patience) -> Result<Step, RunError> {
        let mut held = self.record.lock().await;
        // Sent, and perhaps applied: nothing else is sent before that is known.
        let mut unknown: Option<Sent> = None;
        let mut attempt = 0;
        loop {
            if self.lost.is_cancelled() {
                return Err(RunError::Lost);
            }
            let (sent, repeated) = match unknown.take() {
                Some(sent) => (sent, true),
                None => (self.prepare(&held, event.clone())?, false),
            };
            let error = match self.send(&mut held, &sent, repeated).await {
                Ok(Reply::Applied(head)) => {
                    self.applied(&mut held, &sent.step, &head);
                    return Ok(sent.step);
                }
                Ok(Reply::Overtaken) => continue,
                Err(error) => error,
            };
            self.tasks.node.health.failed(&error);
            if !error.is_of_a_store_that_does_not_answer() || patience == Patience::Once {
                return Err(RunError::Store(error));
            }
            if repeated || error.outcome == Outcome::Unknown {
                unknown = Some(sent);
            }
            attempt += 1;
            tokio::select! {
                () = tokio::time::sleep(backoff(PAUSE.0, attempt, PAUSE.1)) => {}
                () = self.lost.cancelled() => return Err(RunError::Lost),
                () = self.tasks.node.stopped.cancelled() => return Err(RunError::Store(error)),
            }
        }
    }

    /// What `event` makes of the record.
    fn prepare(&self, held: &Held, event: TaskEvent) -> Result<Sent, RunError> {
        let mut before = held.snapshot.clone();
        // Whatever is written carries the latest progress along: the last one always lands (contract T11).
        if let Some(progress) = self.progress.latest() {
            before.state.progress = Some(progress);
        }
        let step = match apply(before, event) {
            Ok(step) => step,
            Err(Rejected::KeyReused(key)) => return Err(RunError::KeyReused(key)),
            Err(Rejected::Terminal) => {
                self.lost.cancel();
                return Err(RunError::Lost);
            }
            Err(Rejected::Unchanged | Rejected::InvalidAnswer(_)) => return Err(RunError::Unchanged),
        };
        let state = step.state.encode().map_err(|error| {
            let what = format!("the state of the task does not serialize: {error}");
            RunError::Store(StoreError::new(StoreErrorKind::InvalidInput, "core", "replace", what).caused_by(error))
        })?;
        Ok(Sent { step, state })
    }

    /// `repeated`: the same was sent before and may have been applied.
    async fn send(&self, held: &mut Held, sent: &Sent, repeated: bool) -> Result<Reply, StoreError> {
        let guard = Guard { version: held.version, token: Some(held.token) };
        let request =
            ReplaceRequest::new(self.id.clone(), guard, sent.step.status.code(), sent.state.clone(), sent.step.then);
        let answer = self.tasks.node.stores.tasks.replace(request).await?;
        self.tasks.node.observe(answer.now);
        let record = match answer.value {
            ReplaceOutcome::Replaced(head) => return Ok(Reply::Applied(head)),
            ReplaceOutcome::Conflict(record) => Some(*record),
            // Taken over by somebody, claimed again by this very node, or ended by what was sent before.
            ReplaceOutcome::LeaseLost => self.tasks.head_and_state(&self.id).await?,
            ReplaceOutcome::Missing => None,
        };
        let Some(record) = record else {
            self.lost.cancel();
            return Ok(Reply::Overtaken);
        };
        if repeated && is_stored(sent, &record) {
            return Ok(Reply::Applied(Box::new(record.head)));
        }
        self.adopt(held, &record);
        Ok(Reply::Overtaken)
    }

    /// Takes over what was written, and tells whoever waits for it.
    fn applied(&self, held: &mut Held, step: &Step, head: &TaskHead) {
        let changed = step.status != held.snapshot.status;
        self.progress.written(step.state.progress.as_ref());
        self.replay.adopt(&step.state.journal);
        held.snapshot.status = step.status;
        held.snapshot.state = step.state.clone();
        held.version = head.version;
        held.over = !matches!(step.then, Then::KeepLease);
        self.show(held);
        if let Then::Terminal { retain } = step.then {
            self.tasks.node.keep_readable(&head.owner, self.session(), retain);
            self.tell_the_end(step);
        }
        let due = matches!(step.then, Then::Runnable { .. }).then_some(self.queue.as_str());
        if changed || due.is_some() {
            self.tasks.announce(&self.id, due, self.session().filter(|_| changed));
        }
    }

    fn tell_the_end(&self, step: &Step) {
        let (task, tool, attempts) = (self.id.short(), &self.spec.name, self.attempts);
        let reason = match &step.state.outcome {
            Some(TaskOutcome::Error(error)) => error.data.as_ref().and_then(|data| data.get("reason")?.as_str()),
            _ => None,
        };
        if step.status == TaskStatus::DeadLetter {
            tracing::error!(%task, tool, attempts, reason, "a task is a dead letter: an operator can requeue it");
        } else {
            tracing::info!(%task, tool, attempts, reason, status = ?step.status, "a task ended");
        }
    }
}

/// Whether the record is what was sent: then the answer was lost and not the write.
fn is_stored(sent: &Sent, record: &TaskRecord) -> bool {
    record.head.status == sent.step.status.code() && record.state.as_ref() == Some(&sent.state)
}
