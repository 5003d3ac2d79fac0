//! The task state machine: pure functions from a record and an event to the next record (contract T3, T6, T7).
//!
//! Who may apply which event is the caller's business; that nothing leaves a terminal status, that no answer is lost
//! and that attempts are counted exactly is decided here and nowhere else.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use super::input::{Input, InputRequest};
use super::journal::{InvalidAnswer, Journal};
use super::outcome::{RpcError, TaskOutcome};
use super::request::Then;
use super::spec::{OnInputTimeout, Rerun, RunPolicy};
use super::state::{Progress, TaskState};
use super::status::TaskStatus;
use crate::time::StoreTime;

/// A task as an event finds it.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot {
    /// Its status.
    pub status: TaskStatus,
    /// How often it was claimed.
    pub claims: u32,
    /// Whether a worker holds it.
    pub leased: bool,
    /// Its state.
    pub state: TaskState,
}

impl Snapshot {
    /// Starts of the handler that count: claims without the credited ones.
    pub const fn attempts(&self) -> u32 {
        self.claims.saturating_sub(self.state.credits)
    }
}

/// What can happen to a task.
#[derive(Clone, Debug, PartialEq)]
pub enum TaskEvent {
    /// A worker claimed it, at this moment of the store.
    Claimed(StoreTime),
    /// A handler that never reruns is about to be entered.
    Started,
    /// The handler said how far it is.
    Progressed(Progress),
    /// A result of `once` was recorded.
    Recorded {
        /// Its key.
        key: String,
        /// The result.
        value: Value,
    },
    /// The handler stored a checkpoint.
    Checkpointed(Value),
    /// The handler needs these from the client, at this moment of the store.
    Asked(BTreeMap<String, InputRequest>, StoreTime),
    /// The client answered, in parts or in full.
    Answered(BTreeMap<String, Value>),
    /// The wait is long: the worker lets go of it, at this moment of the store.
    Parked(StoreTime),
    /// The wait for input has ended without an answer, at this moment of the store.
    InputTimedOut(StoreTime),
    /// The handler ended.
    Finished(TaskOutcome),
    /// The handler asks to be run again after a while.
    RetryAsked(Duration),
    /// The worker gives it back in good order, at this moment of the store, to be claimed again after a while.
    HandedBack(StoreTime, Duration),
    /// The owner cancelled.
    Cancelled,
}

/// What becomes of the task.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// The next status.
    pub status: TaskStatus,
    /// The next state.
    pub state: TaskState,
    /// The next phase.
    pub then: Then,
}

/// Why an event changes nothing.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Rejected {
    /// The task has ended.
    #[error("the task has ended")]
    Terminal,
    /// There is nothing to do.
    #[error("nothing changes")]
    Unchanged,
    /// The key stands for another request already.
    #[error("the key {0:?} was used for a different request")]
    KeyReused(String),
    /// An answer does not fit its request.
    #[error(transparent)]
    InvalidAnswer(#[from] InvalidAnswer),
}

/// Applies an event.
///
/// # Errors
/// The event changes nothing; the reason says what the caller should think of it.
pub fn apply(task: Snapshot, event: TaskEvent) -> Result<Step, Rejected> {
    if task.status.is_terminal() {
        return Err(Rejected::Terminal);
    }
    let attempts = task.attempts();
    let Snapshot { status, leased, mut state, .. } = task;
    let policy = &state.policy.clone();
    let keep = |status, state| Ok(Step { status, state, then: Then::KeepLease });
    match event {
        TaskEvent::Claimed(now) => match policy.rerun {
            Rerun::Never if state.started => Ok(fail(policy, state, TaskStatus::Failed, "worker lost")),
            Rerun::Always { max_attempts } if attempts > max_attempts => {
                Ok(fail(policy, state, TaskStatus::DeadLetter, "attempts exhausted"))
            }
            _ if is_late(&state, now) => Ok(time_out(policy, state)),
            _ => Err(Rejected::Unchanged),
        },
        TaskEvent::Started => {
            state.started = true;
            keep(status, state)
        }
        TaskEvent::Progressed(progress) => {
            state.progress = Some(progress);
            keep(status, state)
        }
        TaskEvent::Recorded { key, value } => {
            if state.journal.once.contains_key(&key) {
                return Err(Rejected::Unchanged);
            }
            state.journal.once.insert(key, value);
            keep(status, state)
        }
        TaskEvent::Checkpointed(value) => {
            state.journal.checkpoint = Some(value);
            keep(status, state)
        }
        TaskEvent::Asked(requests, now) => {
            let new = ask(&mut state, requests)?;
            if !new && (status == TaskStatus::InputRequired || !state.journal.is_waiting()) {
                return Err(Rejected::Unchanged);
            }
            // A question that comes later has its whole time, too.
            if new || state.input_deadline.is_none() {
                state.input_deadline = Some(now.after(Duration::from_millis(policy.input_timeout_ms)));
            }
            keep(TaskStatus::InputRequired, state)
        }
        TaskEvent::Answered(answers) => {
            if !state.journal.answer(answers)? {
                return Err(Rejected::Unchanged);
            }
            if state.journal.is_waiting() {
                return keep(TaskStatus::InputRequired, state);
            }
            state.input_deadline = None;
            let then = if leased { Then::KeepLease } else { Then::Runnable { delay: Duration::ZERO } };
            Ok(Step { status: TaskStatus::Working, state, then })
        }
        TaskEvent::Parked(now) => {
            if !state.journal.is_waiting() {
                return Err(Rejected::Unchanged);
            }
            state.credits += 1;
            let at_most = state.input_deadline.map(|deadline| deadline.since(now));
            Ok(Step { status: TaskStatus::InputRequired, state, then: Then::Waiting { at_most } })
        }
        TaskEvent::InputTimedOut(now) if is_late(&state, now) => Ok(time_out(policy, state)),
        TaskEvent::InputTimedOut(_) => Err(Rejected::Unchanged),
        TaskEvent::Finished(outcome) => Ok(finish(policy, state, outcome)),
        TaskEvent::RetryAsked(after) => match policy.rerun {
            Rerun::Always { max_attempts } if attempts < max_attempts => {
                Ok(Step { status, state, then: Then::Runnable { delay: after } })
            }
            Rerun::Always { .. } => Ok(fail(policy, state, TaskStatus::DeadLetter, "attempts exhausted")),
            Rerun::Never => Ok(fail(policy, state, TaskStatus::Failed, "retry asked by a tool that never reruns")),
        },
        TaskEvent::HandedBack(now, delay) => {
            if policy.rerun == Rerun::Never && state.started {
                return Ok(fail(policy, state, TaskStatus::Failed, "worker stopped"));
            }
            state.credits += 1;
            let then = if state.journal.is_waiting() {
                Then::Waiting { at_most: state.input_deadline.map(|deadline| deadline.since(now)) }
            } else {
                Then::Runnable { delay }
            };
            Ok(Step { status, state, then })
        }
        TaskEvent::Cancelled => Ok(finish(policy, state, TaskOutcome::Cancelled)),
    }
}

/// Records requests under keys that are unique for the task's life; whether any was new.
fn ask(state: &mut TaskState, requests: BTreeMap<String, InputRequest>) -> Result<bool, Rejected> {
    let mut new = false;
    for (key, request) in requests {
        match state.journal.inputs.get(&key) {
            Some(known) if !known.request.asks_the_same(&request) => return Err(Rejected::KeyReused(key)),
            Some(_) => {}
            None => {
                new = true;
                state.journal.inputs.insert(key, Input { request, answer: None });
            }
        }
    }
    Ok(new)
}

/// Whether the client still owes an answer and its time is over.
fn is_late(state: &TaskState, now: StoreTime) -> bool {
    state.journal.is_waiting() && state.input_deadline.is_some_and(|deadline| deadline <= now)
}

fn time_out(policy: &RunPolicy, mut state: TaskState) -> Step {
    let can_decline = state.journal.open_inputs().all(|(_, request)| request.method == "elicitation/create");
    if policy.on_input_timeout == OnInputTimeout::Fail || !can_decline {
        return fail(policy, state, TaskStatus::Failed, "input timeout");
    }
    for input in state.journal.inputs.values_mut() {
        input.answer.get_or_insert_with(|| json!({ "action": "decline" }));
    }
    state.input_deadline = None;
    Step { status: TaskStatus::Working, state, then: Then::KeepLease }
}

fn fail(policy: &RunPolicy, state: TaskState, status: TaskStatus, reason: &str) -> Step {
    Step { status, ..finish(policy, state, TaskOutcome::Error(RpcError::internal(reason))) }
}

fn finish(policy: &RunPolicy, mut state: TaskState, outcome: TaskOutcome) -> Step {
    let status = match &outcome {
        TaskOutcome::Result(_) if outcome.is_tool_error() => TaskStatus::ToolError,
        TaskOutcome::Result(_) => TaskStatus::Completed,
        TaskOutcome::Error(_) => TaskStatus::Failed,
        TaskOutcome::Cancelled => TaskStatus::Cancelled,
    };
    // What only a rerun would need is not kept for readers of the outcome.
    state.journal = Journal::default();
    state.input_deadline = None;
    state.outcome = Some(outcome);
    Step { status, state, then: Then::Terminal { retain: policy.retain() } }
}

#[cfg(test)]
#[path = "machine_tests.rs"]
mod tests;
