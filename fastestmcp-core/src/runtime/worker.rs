//! The worker of a node: claims due tasks and runs them (contract T4–T6, T13).

use std::sync::Arc;
use std::time::Duration;

use super::execute::execute;
use super::run::{RunError, TaskRun};
use super::shared::{Shared, backoff};
use super::telemetry::SPAN_RUN;
use crate::task::{
    ClaimRequest, Guard, ReplaceRequest, RpcError, TaskEvent, TaskOutcome, TaskRecord, TaskSpec, TaskState, TaskStatus,
};
use crate::time::StoreTime;
use tracing::Instrument;

/// Tasks taken in one claim at most.
const CLAIM_BATCH: usize = 32;
/// How long a worker sleeps at most without being woken.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How long a task that this node cannot run is left for others.
const POSTPONE: Duration = Duration::from_secs(5);

/// Claims and runs until the node stops.
pub(super) async fn work(shared: Arc<Shared>) {
    let mut failures = 0;
    while !shared.stopping.is_cancelled() {
        let free = shared.slots.available_permits().min(CLAIM_BATCH);
        let pause = if free == 0 {
            LOOK_EVERY
        } else {
            let request = ClaimRequest::new(shared.queues.clone(), &shared.node, free, shared.config.lease);
            // Not dropped when the node stops: a claim whose answer is lost would leave its tasks leased (G6).
            match shared.stores.tasks.claim(request).await {
                Ok(answer) => {
                    failures = 0;
                    shared.observe(answer.now);
                    let claimed = answer.value.tasks.len();
                    for record in answer.value.tasks {
                        take(&shared, record, answer.now);
                    }
                    if claimed == free { Duration::ZERO } else { answer.value.next_due.unwrap_or(LOOK_EVERY) }
                }
                Err(error) => {
                    failures += 1;
                    tracing::warn!(%error, "no tasks were claimed");
                    backoff(Duration::from_millis(100), failures, Duration::from_secs(5))
                }
            }
        };
        if !pause.is_zero() {
            tokio::select! {
                () = shared.work.notified() => {}
                () = tokio::time::sleep(pause.clamp(Duration::from_millis(1), LOOK_EVERY)) => {}
                () = shared.stopping.cancelled() => {}
            }
        }
    }
}

/// Starts one claimed task in a task of its own.
fn take(shared: &Arc<Shared>, record: TaskRecord, now: StoreTime) {
    let Ok(slot) = shared.slots.clone().try_acquire_owned() else {
        // Claims never exceed the free slots; if one does, its lease brings it back.
        tracing::error!(task = %record.head.id, "claimed without a free slot");
        return;
    };
    let owned = shared.clone();
    shared.background.spawn(async move {
        let id = record.head.id.clone();
        match begin(&owned, record, now).await {
            Ok(Some(run)) => {
                owned.running.add(run.clone());
                let span = tracing::debug_span!(SPAN_RUN, task = %run.id(), tool = run.spec.tool);
                execute(&owned, &run).instrument(span).await;
                owned.running.remove(&run);
            }
            Ok(None) => {}
            Err(error) => tracing::warn!(task = %id, ?error, "a claimed task was not started"),
        }
        drop(slot);
        owned.work.notify_one();
    });
}

/// Makes a run of a claimed record, unless the claim itself ends the task: a lost worker of a tool that never reruns,
/// attempts exhausted, a record nobody can read.
async fn begin(shared: &Arc<Shared>, record: TaskRecord, now: StoreTime) -> Result<Option<Arc<TaskRun>>, RunError> {
    let Some(lease) = record.head.lease.clone() else { return Ok(None) };
    let spec = TaskSpec::decode(record.spec.as_deref().unwrap_or_default());
    let state = TaskState::decode(record.state.as_deref().unwrap_or_default());
    let (spec, state) = match (spec, state) {
        (Ok(spec), Ok(state)) => (spec, state),
        (Err(error), _) | (_, Err(error)) => {
            tracing::error!(task = %record.head.id, %error, "a task cannot be read and fails");
            bury(shared, &record, lease.token).await;
            return Ok(None);
        }
    };
    let run = Arc::new(TaskRun::new(shared.clone(), &record.head, lease.token, spec, state));
    match run.settle(TaskEvent::Claimed(now)).await {
        Ok(step) if step.status.is_terminal() => return Ok(None),
        // The wait for input had ended and what was not answered is declined now; or nothing had to be written.
        Ok(_) | Err(RunError::Unchanged) => {}
        Err(error) => return Err(error),
    }
    if shared.tool(&run.spec.tool).is_none() {
        tracing::warn!(task = %run.id(), tool = run.spec.tool, "this node does not have the tool of a task");
        run.settle(TaskEvent::HandedBack(now, POSTPONE)).await?;
        return Ok(None);
    }
    Ok(Some(run))
}

/// Ends a task whose record cannot be read as failed.
async fn bury(shared: &Shared, record: &TaskRecord, token: crate::task::Token) {
    let state =
        TaskState { outcome: Some(TaskOutcome::Error(RpcError::internal("unreadable"))), ..TaskState::default() };
    let Ok(bytes) = state.encode() else { return };
    let guard = Guard { version: record.head.version, token: Some(token) };
    let then = crate::task::Then::Terminal { retain: Duration::from_secs(3_600) };
    let request = ReplaceRequest::new(record.head.id.clone(), guard, TaskStatus::Failed.code(), bytes, then);
    if let Err(error) = shared.stores.tasks.replace(request).await {
        tracing::warn!(%error, "an unreadable task was not ended");
    }
}
