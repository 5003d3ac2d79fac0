//! The worker of a node: claims due tasks and runs them (contract T4–T6, T13).

use std::sync::Arc;
use std::time::Duration;

use tracing::Instrument;

use super::execute::{execute, hand_back};
use super::lease::renew_if_late;
use super::run::TaskRun;
use super::write::RunError;
use crate::record::Unreadable;
use crate::runtime::shared::Shared;
use crate::runtime::telemetry::SPAN_RUN;
use crate::task::{
    ClaimRequest, Guard, Lease, ReplaceRequest, RpcError, TaskEvent, TaskOutcome, TaskRecord, TaskSpec, TaskState,
    TaskStatus, Then,
};
use crate::time::{StoreTime, backoff, jittered};

/// Tasks taken in one claim at most.
const CLAIM_BATCH: usize = 32;
/// How long a worker sleeps at most without being woken.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How long a worker leaves alone what is due and in somebody else's hands: 20 to 40 ms.
const IN_OTHER_HANDS: Duration = Duration::from_millis(40);
/// How long a task that this node cannot run is left for others.
const POSTPONE: Duration = Duration::from_secs(5);

/// Claims and runs until the node stops.
pub(crate) async fn work(shared: Arc<Shared>) {
    let mut failures = 0;
    while !shared.stopping.is_cancelled() {
        let free = shared.slots.available_permits().min(CLAIM_BATCH);
        let pause = if free == 0 || shared.queues.is_empty() { Ok(LOOK_EVERY) } else { claim(&shared, free).await };
        let pause = match pause {
            Ok(pause) => {
                failures = 0;
                pause
            }
            Err(error) => {
                failures += 1;
                shared.health.failed(&error);
                tracing::debug!(%error, "no tasks were claimed");
                backoff(Duration::from_millis(20), failures, LOOK_EVERY)
            }
        };
        if !pause.is_zero() {
            tokio::select! {
                () = shared.work.notified(), if failures == 0 => {}
                () = tokio::time::sleep(pause.min(LOOK_EVERY)) => {}
                () = shared.stopping.cancelled() => {}
            }
        }
    }
}

/// One claim; how long to wait before the next.
async fn claim(shared: &Arc<Shared>, free: usize) -> Result<Duration, crate::error::StoreError> {
    renew_if_late(shared).await?;
    let request = ClaimRequest::new(shared.queues.clone(), &shared.worker, free, shared.config.lease);
    // Not dropped when the node stops: a claim whose answer is lost would leave its tasks leased (G6).
    let answer = shared.stores.tasks.claim(request).await?;
    shared.observe(answer.now);
    shared.health.answered();
    for id in &answer.value.damaged {
        tracing::error!(task = %id.short(), "a damaged task was taken out of its queue");
    }
    let claimed = answer.value.tasks.len();
    for record in answer.value.tasks {
        take(shared, record, answer.now);
    }
    if claimed == free {
        return Ok(Duration::ZERO);
    }
    Ok(match answer.value.next_due {
        // Nothing was got although something is due: another worker has it in its hands.
        Some(next) if claimed == 0 && next < Duration::from_millis(1) => jittered(IN_OTHER_HANDS),
        next => next.unwrap_or(LOOK_EVERY),
    })
}

/// Starts one claimed task in a task of its own.
fn take(shared: &Arc<Shared>, record: TaskRecord, now: StoreTime) {
    let Ok(slot) = shared.slots.clone().try_acquire_owned() else {
        // Claims never exceed the free slots; if one does, its lease brings it back.
        tracing::error!(task = %record.head.id.short(), "claimed without a free slot");
        return;
    };
    let shared = shared.clone();
    shared.clone().background.spawn(async move {
        let id = record.head.id.clone();
        if let Err(error) = run(&shared, record, now).await {
            tracing::warn!(task = %id.short(), ?error, "a claimed task was not started");
        }
        drop(slot);
        shared.work.notify_one();
    });
}

async fn run(shared: &Arc<Shared>, record: TaskRecord, now: StoreTime) -> Result<(), RunError> {
    let earlier = shared.running.get(&record.head.id);
    if let Some(earlier) = &earlier
        && earlier.adopt_claim(&record).await
    {
        tracing::info!(task = %record.head.id.short(), "a task goes on under a new lease: this node was away for longer than the old one");
        return Ok(());
    }
    let Some(run) = begin(shared, record, now).await? else { return Ok(()) };
    // From here on its lease is renewed.
    let _registered = shared.running.add(run.clone());
    if let Some(earlier) = earlier {
        // Somebody else ran the task in between: two handlers of it must not overlap here.
        earlier.lost.cancel();
        earlier.ended.cancelled().await;
    }
    let span = tracing::info_span!(SPAN_RUN, task = %run.id().short(), tool = run.spec.tool);
    let executed = async {
        tracing::info!(attempt = run.attempts, "a task starts");
        shared.hold_in_background(&run);
        execute(shared, &run).await;
    };
    executed.instrument(span).await;
    Ok(())
}

/// Makes a run of a claimed record, unless the claim itself ends the task (a lost worker of a tool that never reruns,
/// attempts exhausted, a record nobody can read) or it is for others.
async fn begin(shared: &Arc<Shared>, record: TaskRecord, now: StoreTime) -> Result<Option<Arc<TaskRun>>, RunError> {
    let Some(lease) = record.head.lease.clone() else { return Ok(None) };
    let (spec, state, status) = match read(&record) {
        Ok(parts) => parts,
        Err(error) if error.is_newer() => {
            tracing::warn!(task = %record.head.id.short(), %error, "a task is left to newer nodes");
            pass_on(shared, &record, &lease).await;
            return Ok(None);
        }
        Err(error) => {
            tracing::error!(task = %record.head.id.short(), %error, "a task cannot be read and fails");
            bury(shared, &record, &lease).await;
            return Ok(None);
        }
    };
    let run = Arc::new(TaskRun::new(shared.clone(), &record.head, &lease, status, spec, state));
    match run.settle(TaskEvent::Claimed(now)).await {
        Ok(step) if step.status.is_terminal() => return Ok(None),
        // The wait for input had ended and what was not answered is declined now; or nothing had to be written.
        Ok(_) | Err(RunError::Unchanged) => {}
        Err(error) => return Err(error),
    }
    if shared.stopping.is_cancelled() {
        // A claim that was under way when the node began to stop.
        hand_back(shared, &run, Duration::ZERO).await;
        return Ok(None);
    }
    if shared.tool(&run.spec.tool).is_none() {
        tracing::warn!(task = %run.id().short(), tool = run.spec.tool, "this node does not have the tool of a task");
        hand_back(shared, &run, POSTPONE).await;
        return Ok(None);
    }
    Ok(Some(run))
}

fn read(record: &TaskRecord) -> Result<(TaskSpec, TaskState, TaskStatus), Unreadable> {
    let status = TaskStatus::decode(record.head.status)?;
    let spec = TaskSpec::decode(record.spec.as_deref().unwrap_or_default())?;
    Ok((spec, TaskState::decode(record.state.as_deref().unwrap_or_default())?, status))
}

/// Hands a task back as it is, for those who can read it; that it was claimed here is no attempt (contract G15).
async fn pass_on(shared: &Shared, record: &TaskRecord, lease: &Lease) {
    let state = record.state.clone().unwrap_or_default();
    let credited = TaskState::credited(&state).unwrap_or(state);
    let guard = Guard { version: record.head.version, token: Some(lease.token) };
    let then = Then::Runnable { delay: jittered(2 * POSTPONE) };
    let request = ReplaceRequest::new(record.head.id.clone(), guard, record.head.status, credited, then);
    if let Err(error) = shared.stores.tasks.replace(request).await {
        tracing::warn!(%error, "a task for newer nodes was left to its lease");
    }
}

/// Ends a task whose record cannot be read as failed.
async fn bury(shared: &Shared, record: &TaskRecord, lease: &Lease) {
    let state =
        TaskState { outcome: Some(TaskOutcome::Error(RpcError::internal("unreadable"))), ..TaskState::default() };
    let Ok(bytes) = state.encode() else { return };
    let guard = Guard { version: record.head.version, token: Some(lease.token) };
    let then = Then::Terminal { retain: Duration::from_secs(3_600) };
    let request = ReplaceRequest::new(record.head.id.clone(), guard, TaskStatus::Failed.code(), bytes, then);
    if let Err(error) = shared.stores.tasks.replace(request).await {
        tracing::warn!(%error, "an unreadable task was not ended");
    }
}
