//! Runs of tasks: how often, and with what outcome (T6).

use std::time::Duration;

use fastestmcp_core::component::{NoArgs, TaskPolicy, Tool};
use fastestmcp_core::context::ToolError;
use fastestmcp_core::ids::TaskId;
use fastestmcp_core::operation::CallError;
use fastestmcp_core::principal::{Owner, OwnerFilter};
use fastestmcp_core::task::{ClaimRequest, NewTask, Part, TaskStatus};

use super::steps::{HOUR, MS, SECOND, held};
use crate::case::cases;
use crate::halt::{CaseResult, Halt};
use crate::scene::Scene;
use crate::stage::{Fault, GRACE, LEASE, Probe, Replica, Stage, caller, me, reason, text};

cases! { Runtime, "runtime.execution";
    "T6": an_error_is_the_outcome_and_is_not_run_again,
    "T6": a_panic_is_the_outcome_and_is_not_run_again,
    "T6": a_retry_comes_not_before_its_time_and_exhausted_ones_are_a_dead_letter,
    "T6": a_retry_of_what_never_reruns_is_its_outcome,
    "T6": what_never_reruns_ends_when_its_worker_is_lost,
    "T6": what_may_rerun_runs_again_when_its_worker_is_lost,
    "T6": a_poison_task_is_started_as_often_as_it_may_be_and_no_more,
    "T6": what_was_claimed_and_never_started_is_run_by_the_next,
    "T5": a_lost_worker_that_comes_back_overwrites_nothing,
    "T5": a_lost_worker_that_comes_back_stops_what_runs_elsewhere,
    "T5": a_lease_is_renewed_while_its_task_runs,
    "R1": a_run_timeout_is_the_outcome,
    "T14": an_insert_of_unknown_outcome_is_repeated_and_finds_itself,
    "T14": what_was_not_inserted_never_runs,
    "T6": a_record_that_nobody_can_read_ends,
    "T4": a_task_that_a_node_has_no_tool_for_is_left_to_others_and_costs_it_little,
    "T9": an_outcome_is_readable_for_its_time_and_no_longer,
    "T9": an_expired_task_is_unknown_and_its_handler_is_told_to_stop,
}

/// How a handler ends.
type End = fn() -> Result<&'static str, ToolError>;

/// A tool that runs as a task, counts its starts, and ends as it is told.
fn ending(name: &str, probe: &Probe, policy: TaskPolicy, end: End) -> Tool {
    Tool::with_state(name, (probe.clone(), end), async |(probe, end): (Probe, End), _cx, _: NoArgs| {
        let _inside = probe.start();
        end()
    })
    .task(policy)
}

async fn ended(stage: &Stage, replica: &Replica, id: &TaskId) -> Result<TaskStatus, Halt> {
    stage.in_time("the end of the task", replica.outcome(&caller(me()), id)).await??;
    Ok(replica.view(&caller(me()), id).await?.status)
}

async fn an_error_is_the_outcome_and_is_not_run_again(scene: &Scene) -> CaseResult {
    let (stage, probe) = (Stage::open(scene).await?, Probe::default());
    let tool = ending("fail", &probe, TaskPolicy::required().rerun(), || Err(ToolError::new("no")));
    let replica = stage.replica(0).tools([tool]).start().await?;
    let id = replica.submit(&caller(me()), "fail").await?.id;
    scene.same("its status", &ended(&stage, &replica, &id).await?, &TaskStatus::ToolError);
    let outcome = replica.outcome(&caller(me()), &id).await?;
    scene.same("what the model reads", &text(&outcome), &Some("no"));
    stage.pass(LEASE * 2).await;
    scene.same("starts", &probe.starts(), &1);
    Ok(())
}

async fn a_panic_is_the_outcome_and_is_not_run_again(scene: &Scene) -> CaseResult {
    let (stage, probe) = (Stage::open(scene).await?, Probe::default());
    let tool =
        ending("fail", &probe, TaskPolicy::required().rerun(), || std::panic::resume_unwind(Box::new("on purpose")));
    let replica = stage.replica(0).tools([tool]).start().await?;
    let id = replica.submit(&caller(me()), "fail").await?.id;
    scene.same("its status", &ended(&stage, &replica, &id).await?, &TaskStatus::Failed);
    scene.same("its reason", &reason(&replica.outcome(&caller(me()), &id).await?), &Some("panic"));
    stage.pass(LEASE * 2).await;
    scene.same("starts", &probe.starts(), &1);
    Ok(())
}

async fn a_retry_comes_not_before_its_time_and_exhausted_ones_are_a_dead_letter(scene: &Scene) -> CaseResult {
    const PAUSE: Duration = Duration::from_millis(150);
    let (stage, probe) = (Stage::open(scene).await?, Probe::default());
    let tool = ending("retry", &probe, TaskPolicy::required().attempts(3), || Err(ToolError::retry(PAUSE, "again")));
    let replica = stage.replica(0).tools([tool]).start().await?;
    let start = tokio::time::Instant::now();
    let id = replica.submit(&caller(me()), "retry").await?.id;
    scene.same("its status", &ended(&stage, &replica, &id).await?, &TaskStatus::DeadLetter);
    scene.check(start.elapsed() >= PAUSE * 3, || format!("two retries came within {:?}", start.elapsed()));
    scene.same("starts", &probe.starts(), &3);
    let again = replica.runtime.operator().requeue(&id).await?.id;
    scene.check(again != id, || "the dead letter itself was changed".to_owned());
    scene.same("of what was requeued", &ended(&stage, &replica, &again).await?, &TaskStatus::DeadLetter);
    scene.same("starts then", &probe.starts(), &6);
    scene.same("requeued again", &replica.runtime.operator().requeue(&id).await?.id, &again);
    Ok(())
}

async fn a_retry_of_what_never_reruns_is_its_outcome(scene: &Scene) -> CaseResult {
    let (stage, probe) = (Stage::open(scene).await?, Probe::default());
    let tool = ending("retry", &probe, TaskPolicy::required(), || Err(ToolError::retry(MS, "again")));
    let replica = stage.replica(0).tools([tool]).start().await?;
    let id = replica.submit(&caller(me()), "retry").await?.id;
    scene.same("its status", &ended(&stage, &replica, &id).await?, &TaskStatus::ToolError);
    scene.same("starts", &probe.starts(), &1);
    Ok(())
}

/// Two replicas with a tool that is held; a task of it runs on the first, which is then cut off from its stores for good.
async fn with_a_lost_worker(
    stage: &Stage,
    probe: &Probe,
    policy: TaskPolicy,
) -> Result<(Replica, Replica, TaskId), Halt> {
    let other = stage.replica(1).tools([held("hold", probe, policy.clone())]).front().await?;
    let lost = stage.replica(0).tools([held("hold", probe, policy)]).start().await?;
    let id = other.submit(&caller(me()), "hold").await?.id;
    stage.until(SECOND * 2, "its start", async || Ok(probe.starts() == 1)).await?;
    lost.faults.go_away();
    other.runtime.start();
    Ok((lost, other, id))
}

async fn what_never_reruns_ends_when_its_worker_is_lost(scene: &Scene) -> CaseResult {
    let (stage, probe) = (Stage::open(scene).await?, Probe::default());
    let (_lost, other, id) = with_a_lost_worker(&stage, &probe, TaskPolicy::required()).await?;
    let watched = stage.within(LEASE + SECOND * 2, "its end", other.outcome(&caller(me()), &id)).await??;
    scene.same("its reason", &reason(&watched), &Some("worker lost"));
    scene.same("its status", &other.view(&caller(me()), &id).await?.status, &TaskStatus::Failed);
    scene.same("starts", &probe.starts(), &1);
    Ok(())
}

async fn what_may_rerun_runs_again_when_its_worker_is_lost(scene: &Scene) -> CaseResult {
    let (stage, probe) = (Stage::open(scene).await?, Probe::default());
    let (_lost, other, id) = with_a_lost_worker(&stage, &probe, TaskPolicy::required().rerun()).await?;
    stage.until(LEASE + SECOND * 2, "its second start", async || Ok(probe.starts() == 2)).await?;
    // The lost one waits at the same gate.
    probe.let_one_through();
    probe.let_one_through();
    scene.same("its status", &ended(&stage, &other, &id).await?, &TaskStatus::Completed);
    Ok(())
}

async fn a_poison_task_is_started_as_often_as_it_may_be_and_no_more(scene: &Scene) -> CaseResult {
    let (stage, probe) = (Stage::open(scene).await?, Probe::default());
    let policy = TaskPolicy::required().attempts(2);
    let tool = || held("hold", &probe, policy.clone());
    let front = stage.replica(0).tools([tool()]).front().await?;
    let id = front.submit(&caller(me()), "hold").await?.id;
    for start in 1..=2 {
        let poisoned = stage.replica(start).tools([tool()]).start().await?;
        stage.until(LEASE + SECOND * 2, "a start", async || Ok(probe.starts() == start)).await?;
        poisoned.faults.go_away();
    }
    front.runtime.start();
    scene.same("its status", &ended(&stage, &front, &id).await?, &TaskStatus::DeadLetter);
    scene.same("starts", &probe.starts(), &2);
    Ok(())
}

async fn what_was_claimed_and_never_started_is_run_by_the_next(scene: &Scene) -> CaseResult {
    let (stage, probe) = (Stage::open(scene).await?, Probe::default());
    let replica = stage.replica(0).tools([held("hold", &probe, TaskPolicy::required())]).front().await?;
    let id = replica.submit(&caller(me()), "hold").await?.id;
    // A worker that is lost before it says that it starts.
    let claim = ClaimRequest::new(vec!["default".to_owned()], "lost", 1, LEASE);
    scene.same("claimed", &replica.stores.tasks.claim(claim).await?.value.tasks.len(), &1);
    probe.let_one_through();
    replica.runtime.start();
    scene.same("its status", &ended(&stage, &replica, &id).await?, &TaskStatus::Completed);
    scene.same("starts", &probe.starts(), &1);
    Ok(())
}

async fn a_lost_worker_that_comes_back_overwrites_nothing(scene: &Scene) -> CaseResult {
    let (stage, probe) = (Stage::open(scene).await?, Probe::default());
    let (lost, other, id) = with_a_lost_worker(&stage, &probe, TaskPolicy::required()).await?;
    stage.in_time("its end", other.outcome(&caller(me()), &id)).await??;
    let before = other.view(&caller(me()), &id).await?;
    probe.let_one_through();
    probe.let_one_through();
    lost.faults.come_back();
    stage.pass(LEASE).await;
    scene.same("the task", &other.view(&caller(me()), &id).await?, &before);
    scene.same("handlers of it", &probe.inside(), &0);
    Ok(())
}

async fn a_lost_worker_that_comes_back_stops_what_runs_elsewhere(scene: &Scene) -> CaseResult {
    let (stage, probe) = (Stage::open(scene).await?, Probe::default());
    let (lost, other, id) = with_a_lost_worker(&stage, &probe, TaskPolicy::required().rerun()).await?;
    stage.until(LEASE + SECOND * 2, "its second start", async || Ok(probe.starts() == 2)).await?;
    lost.faults.come_back();
    stage.until(LEASE + GRACE, "the end of its handler there", async || Ok(probe.inside() == 1)).await?;
    scene.same("handlers that were told", &probe.told(), &1);
    probe.let_one_through();
    scene.same("its status", &ended(&stage, &other, &id).await?, &TaskStatus::Completed);
    scene.same("starts", &probe.starts(), &2);
    Ok(())
}

async fn a_lease_is_renewed_while_its_task_runs(scene: &Scene) -> CaseResult {
    let (stage, probe) = (Stage::open(scene).await?, Probe::default());
    let tool = || held("hold", &probe, TaskPolicy::required().rerun());
    // With no slot free it claims nothing, and before a claim it would renew as well.
    let replica = stage.replica(0).config(|config| config.worker_slots(1)).tools([tool()]).start().await?;
    let id = replica.submit(&caller(me()), "hold").await?.id;
    stage.until(SECOND * 2, "its start", async || Ok(probe.starts() == 1)).await?;
    let other = stage.replica(1).tools([tool()]).start().await?;
    stage.pass(LEASE * 3).await;
    probe.let_one_through();
    scene.same("its status", &ended(&stage, &other, &id).await?, &TaskStatus::Completed);
    scene.same("starts", &probe.starts(), &1);
    Ok(())
}

async fn a_run_timeout_is_the_outcome(scene: &Scene) -> CaseResult {
    let (stage, probe) = (Stage::open(scene).await?, Probe::default());
    let tool = held("hold", &probe, TaskPolicy::required().rerun().run_timeout(SECOND / 2));
    let replica = stage.replica(0).tools([tool]).start().await?;
    let id = replica.submit(&caller(me()), "hold").await?.id;
    let outcome = stage.within(SECOND, "its end", replica.outcome(&caller(me()), &id)).await??;
    scene.same("its reason", &reason(&outcome), &Some("run timeout"));
    scene.same("handlers that were told", &probe.told(), &1);
    stage.until(SECOND, "the end of its handler", async || Ok(probe.inside() == 0)).await?;
    scene.same("starts", &probe.starts(), &1);
    Ok(())
}

async fn an_insert_of_unknown_outcome_is_repeated_and_finds_itself(scene: &Scene) -> CaseResult {
    let (stage, probe) = (Stage::open(scene).await?, Probe::default());
    probe.let_one_through();
    let replica = stage.replica(0).tools([held("hold", &probe, TaskPolicy::required())]).start().await?;
    replica.faults.set("insert", Fault::LoseReply(2));
    let id = replica.submit(&caller(me()), "hold").await?.id;
    scene.same("its status", &ended(&stage, &replica, &id).await?, &TaskStatus::Completed);
    let all = replica.runtime.operator().tasks(&fastestmcp_core::runtime::TaskFilter::default(), None).await?;
    scene.same("tasks", &all.tasks.len(), &1);
    scene.same("starts", &probe.starts(), &1);
    Ok(())
}

async fn what_was_not_inserted_never_runs(scene: &Scene) -> CaseResult {
    let (stage, probe) = (Stage::open(scene).await?, Probe::default());
    let replica = stage.replica(0).tools([held("hold", &probe, TaskPolicy::required())]).start().await?;
    replica.faults.set("insert", Fault::Fail(u32::MAX));
    let refused = replica.submit(&caller(me()), "hold").await;
    scene.check(matches!(refused, Err(CallError::Store(_))), || format!("{refused:?} instead of the store's failure"));
    replica.faults.clear("insert");
    stage.pass(SECOND * 2).await;
    scene.same("starts", &probe.starts(), &0);
    Ok(())
}

async fn a_record_that_nobody_can_read_ends(scene: &Scene) -> CaseResult {
    let (stage, probe) = (Stage::open(scene).await?, Probe::default());
    let replica = stage.replica(0).tools([held("hold", &probe, TaskPolicy::required())]).start().await?;
    let mut unreadable =
        NewTask::new(TaskId::new("task-x"), Owner::new("o"), "default", "no spec".into(), "no state".into());
    unreadable.status = TaskStatus::Working.code();
    replica.stores.tasks.insert(unreadable).await?;
    let id = TaskId::new("task-x");
    let over = async || {
        let found = replica.stores.tasks.get(std::slice::from_ref(&id), &OwnerFilter::Any, Part::Head).await?;
        Ok(found.value.into_iter().next().flatten().is_some_and(|record| !record.head.open))
    };
    stage.until(SECOND * 2, "its end", over).await?;
    scene.same("its status", &replica.runtime.operator().task(&id).await?.status, &TaskStatus::Failed);
    Ok(())
}

async fn a_task_that_a_node_has_no_tool_for_is_left_to_others_and_costs_it_little(scene: &Scene) -> CaseResult {
    let (stage, probe) = (Stage::open(scene).await?, Probe::default());
    let without = stage.replica(0).config(|config| config.queues(["default"])).start().await?;
    let with = stage.replica(1).tools([held("hold", &probe, TaskPolicy::required().attempts(1))]).front().await?;
    let id = with.submit(&caller(me()), "hold").await?.id;
    stage.pass(SECOND * 3).await;
    let claims = without.faults.count("claim");
    scene.check(claims <= 12, || format!("{claims} claims in 3 s"));
    stage.in_time("the stop", without.runtime.shutdown()).await?;
    probe.let_one_through();
    with.runtime.start();
    // It is left for others for some seconds.
    stage.within(SECOND * 10, "its end", with.outcome(&caller(me()), &id)).await??;
    scene.same("its status", &with.view(&caller(me()), &id).await?.status, &TaskStatus::Completed);
    Ok(())
}

async fn an_outcome_is_readable_for_its_time_and_no_longer(scene: &Scene) -> CaseResult {
    let (stage, probe) = (Stage::open(scene).await?, Probe::default());
    probe.let_one_through();
    let policy = TaskPolicy::required().ttl(SECOND / 2, HOUR).retain(SECOND * 2);
    let replica = stage.replica(0).tools([held("hold", &probe, policy)]).start().await?;
    let id = replica.submit(&caller(me()), "hold").await?.id;
    ended(&stage, &replica, &id).await?;
    let view = replica.view(&caller(me()), &id).await?;
    let told = view.ttl.unwrap_or_default();
    scene.check(told >= SECOND * 2 && told < SECOND * 4, || format!("its time is said to be {told:?}"));
    stage.pass(SECOND * 3 / 2).await;
    scene.check(replica.view(&caller(me()), &id).await.is_ok(), || "its outcome is gone too early".to_owned());
    stage.pass(told).await;
    super::steps::unknown(scene, "after its time", &replica.view(&caller(me()), &id).await);
    Ok(())
}

async fn an_expired_task_is_unknown_and_its_handler_is_told_to_stop(scene: &Scene) -> CaseResult {
    let (stage, probe) = (Stage::open(scene).await?, Probe::default());
    let policy = TaskPolicy::required().ttl(SECOND, HOUR);
    let replica = stage.replica(0).tools([held("hold", &probe, policy)]).start().await?;
    let id = replica.submit(&caller(me()), "hold").await?.id;
    stage.until(SECOND / 2, "its start", async || Ok(probe.starts() == 1)).await?;
    stage.pass(SECOND + MS * 20).await;
    super::steps::unknown(scene, "after its time", &replica.view(&caller(me()), &id).await);
    // At the next renewal at the latest, and then its grace period.
    stage.until(LEASE + SECOND, "the end of its handler", async || Ok(probe.inside() == 0)).await?;
    scene.same("handlers that were told", &probe.told(), &1);
    Ok(())
}
