//! The worker of a node: claims due tasks and runs them (contract T4–T6, T13).

use std::sync::Arc;
use std::time::Duration;

use super::execute::hand_back;
use super::lease::renew_if_late;
use super::middleware::through_middleware;
use super::run::TaskRun;
use super::tasks::Tasks;
use super::write::RunError;
use crate::record::Unreadable;
use crate::task::{
    ClaimRequest, Guard, Lease, ReplaceRequest, RpcError, TaskEvent, TaskKind, TaskOutcome, TaskRecord, TaskSpec,
    TaskState, TaskStatus, Then,
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
pub(crate) async fn work(tasks: Arc<Tasks>) {
    let mut failures = 0;
    while !tasks.node.stopping.is_cancelled() {
        let free = tasks.slots.available_permits().min(CLAIM_BATCH);
        let pause = if free == 0 || tasks.node.queues.is_empty() { Ok(LOOK_EVERY) } else { claim(&tasks, free).await };
        let pause = match pause {
            Ok(pause) => {
                failures = 0;
                pause
            }
            Err(error) => {
                failures += 1;
                tasks.node.health.failed(&error);
                tracing::debug!(%error, "no tasks were claimed");
                backoff(Duration::from_millis(20), failures, LOOK_EVERY)
            }
        };
        if !pause.is_zero() {
            tokio::select! {
                () = tasks.work.notified(), if failures == 0 => {}
                () = tokio::time::sleep(pause.min(LOOK_EVERY)) => {}
                () = tasks.node.stopping.cancelled() => {}
            }
        }
    }
}

/// One claim; how long to wait before the next.
async fn claim(tasks: &Arc<Tasks>, free: usize) -> Result<Duration, crate::error::StoreError> {
    renew_if_late(tasks).await?;
    let request = ClaimRequest::new(tasks.node.queues.clone(), &tasks.node.worker, free, tasks.node.config.lease);
    // Not dropped when the node stops: a claim whose answer is lost would leave its tasks leased (G6).
    let answer = tasks.node.stores.tasks.claim(request).await?;
    tasks.node.observe(answer.now);
    tasks.node.health.answered();
    for id in &answer.value.damaged {
        tracing::error!(task = %id.short(), "a damaged task was taken out of its queue");
    }
    let claimed = answer.value.tasks.len();
    for record in answer.value.tasks {
        start(tasks, record, answer.now);
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
fn start(tasks: &Arc<Tasks>, record: TaskRecord, now: StoreTime) {
    let Ok(slot) = tasks.slots.clone().try_acquire_owned() else {
        // Claims never exceed the free slots; if one does, its lease brings it back.
        tracing::error!(task = %record.head.id.short(), "claimed without a free slot");
        return;
    };
    let tasks = tasks.clone();
    let background = tasks.node.background.clone();
    background.spawn(async move {
        let id = record.head.id.clone();
        if let Err(error) = run(&tasks, record, now).await {
            tracing::warn!(task = %id.short(), ?error, "a claimed task was not started");
        }
        drop(slot);
        tasks.work.notify_one();
    });
}

async fn run(tasks: &Arc<Tasks>, record: TaskRecord, now: StoreTime) -> Result<(), RunError> {
    let earlier = tasks.running.get(&record.head.id);
    if let Some(earlier) = &earlier
        && earlier.adopt_claim(&record).await
    {
        tracing::info!(task = %record.head.id.short(), "a task goes on under a new lease: this node was away for longer than the old one");
        return Ok(());
    }
    let Some(run) = begin(tasks, record, now).await? else { return Ok(()) };
    // From here on its lease is renewed.
    let _registered = tasks.running.add(run.clone());
    if let Some(earlier) = earlier {
        // Somebody else ran the task in between: two handlers of it must not overlap here.
        earlier.lost.cancel();
        earlier.ended.cancelled().await;
    }
    tasks.hold_in_background(&run);
    through_middleware(tasks, &run).await;
    Ok(())
}

/// Makes a run of a claimed record, unless the claim itself ends the task (a lost worker of a tool that never reruns,
/// attempts exhausted, a record nobody can read) or it is for others.
async fn begin(tasks: &Arc<Tasks>, record: TaskRecord, now: StoreTime) -> Result<Option<Arc<TaskRun>>, RunError> {
    let Some(lease) = record.head.lease.clone() else { return Ok(None) };
    let (spec, state, status) = match read(&record) {
        Ok((spec, ..)) if spec.kind == TaskKind::Unknown => {
            tracing::warn!(task = %record.head.id.short(), "a task of an unknown kind is left to newer nodes");
            hand_to_newer(tasks, &record, &lease).await;
            return Ok(None);
        }
        Ok(parts) => parts,
        Err(error) if error.is_newer() => {
            tracing::warn!(task = %record.head.id.short(), %error, "a task is left to newer nodes");
            hand_to_newer(tasks, &record, &lease).await;
            return Ok(None);
        }
        Err(error) => {
            tracing::error!(task = %record.head.id.short(), %error, "a task cannot be read and fails");
            fail_unreadable(tasks, &record, &lease).await;
            return Ok(None);
        }
    };
    let run = Arc::new(TaskRun::new(tasks.clone(), &record.head, &lease, status, spec, state));
    match run.settle(TaskEvent::Claimed(now)).await {
        Ok(step) if step.status.is_terminal() => return Ok(None),
        // The wait for input had ended and what was not answered is declined now; or nothing had to be written.
        Ok(_) | Err(RunError::Unchanged) => {}
        Err(error) => return Err(error),
    }
    if tasks.node.stopping.is_cancelled() {
        // A claim that was under way when the node began to stop.
        hand_back(tasks, &run, Duration::ZERO).await;
        return Ok(None);
    }
    if tasks.node.tool(&run.spec.name).is_none() {
        tracing::warn!(task = %run.id().short(), tool = run.spec.name, "this node does not have the tool of a task");
        hand_back(tasks, &run, POSTPONE).await;
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
async fn hand_to_newer(tasks: &Tasks, record: &TaskRecord, lease: &Lease) {
    let state = record.state.clone().unwrap_or_default();
    let credited = TaskState::credited(&state).unwrap_or(state);
    let guard = Guard { version: record.head.version, token: Some(lease.token) };
    let then = Then::Runnable { delay: jittered(2 * POSTPONE) };
    let request = ReplaceRequest::new(record.head.id.clone(), guard, record.head.status, credited, then);
    if let Err(error) = tasks.node.stores.tasks.replace(request).await {
        tracing::warn!(%error, "a task for newer nodes was left to its lease");
    }
}

/// Ends a task whose record cannot be read as failed.
async fn fail_unreadable(tasks: &Tasks, record: &TaskRecord, lease: &Lease) {
    let state =
        TaskState { outcome: Some(TaskOutcome::Error(RpcError::internal("unreadable"))), ..TaskState::default() };
    let Ok(bytes) = state.encode() else { return };
    let guard = Guard { version: record.head.version, token: Some(lease.token) };
    let then = Then::Terminal { retain: Duration::from_secs(3_600) };
    let request = ReplaceRequest::new(record.head.id.clone(), guard, TaskStatus::Failed.code(), bytes, then);
    if let Err(error) = tasks.node.stores.tasks.replace(request).await {
        tracing::warn!(%error, "an unreadable task was not ended");
    }
}
