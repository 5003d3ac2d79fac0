//! Replicas that stop, and tasks that are cancelled (T13, T8).

use fastestmcp_core::component::TaskPolicy;
use fastestmcp_core::operation::CancelTask;
use fastestmcp_core::runtime::RuntimeConfig;
use fastestmcp_core::task::TaskStatus;

use super::steps::{HOUR, MS, SECOND, held};
use crate::case::cases;
use crate::halt::CaseResult;
use crate::scene::Scene;
use crate::stage::{Fault, GRACE, LEASE, Probe, Stage, caller, me, reason};

cases! { Runtime, "runtime.draining";
    "T13": a_stopping_node_hands_back_at_once_what_may_rerun,
    "T13": a_hand_over_is_no_attempt,
    "T13": what_may_not_rerun_has_its_time_to_end,
    "T13": what_may_not_rerun_and_does_not_end_fails,
    "T13": a_stopped_node_claims_nothing,
    "T8": a_cancelled_task_has_ended_before_the_reply_and_its_handler_is_told,
    "T8": a_handler_that_does_not_stop_is_dropped_after_its_grace,
    "T8": a_late_result_changes_nothing,
    "T8": a_cancellation_whose_wake_up_is_lost_is_learnt_at_the_next_renewal,
    "T8": a_task_that_waits_in_its_queue_is_never_started_once_it_is_cancelled,
}

async fn a_stopping_node_hands_back_at_once_what_may_rerun(scene: &Scene) -> CaseResult {
    let (stage, probe) = (Stage::open(scene).await?, Probe::default());
    let tool = || held("hold", &probe, TaskPolicy::required().rerun());
    // Nobody can have waited for such a lease, nor for such a drain.
    let config = |config: RuntimeConfig| config.lease(HOUR).drain(HOUR);
    let stopping = stage.replica(0).config(config).tools([tool()]).start().await?;
    let other = stage.replica(1).tools([tool()]).front().await?;
    let id = other.submit(&caller(me()), "hold").await?.id;
    stage.until(SECOND * 2, "its start", async || Ok(probe.starts() == 1)).await?;
    other.runtime.start();
    stage.in_time("the stop", stopping.runtime.shutdown()).await?;
    scene.same("handlers on the stopped node", &(probe.starts() - probe.inside()), &1);
    stage.until(SECOND * 2, "its second start", async || Ok(probe.starts() == 2)).await?;
    probe.let_one_through();
    stage.in_time("its end", other.outcome(&caller(me()), &id)).await??;
    scene.same("its status", &other.view(&caller(me()), &id).await?.status, &TaskStatus::Completed);
    Ok(())
}

async fn a_hand_over_is_no_attempt(scene: &Scene) -> CaseResult {
    let (stage, probe) = (Stage::open(scene).await?, Probe::default());
    let tool = || held("hold", &probe, TaskPolicy::required().attempts(2));
    let front = stage.replica(0).tools([tool()]).front().await?;
    let id = front.submit(&caller(me()), "hold").await?.id;
    for deploy in 1..=4 {
        let node = stage.replica(1).tools([tool()]).start().await?;
        stage.until(SECOND * 2, "a start", async || Ok(probe.starts() == deploy)).await?;
        stage.in_time("the stop", node.runtime.shutdown()).await?;
    }
    probe.let_one_through();
    front.runtime.start();
    stage.in_time("its end", front.outcome(&caller(me()), &id)).await??;
    scene.same("its status", &front.view(&caller(me()), &id).await?.status, &TaskStatus::Completed);
    scene.same("starts", &probe.starts(), &5);
    Ok(())
}

async fn what_may_not_rerun_has_its_time_to_end(scene: &Scene) -> CaseResult {
    let (stage, probe) = (Stage::open(scene).await?, Probe::default());
    let tool = || held("hold", &probe, TaskPolicy::required());
    let stopping = stage.replica(0).config(|config| config.drain(SECOND * 2)).tools([tool()]).start().await?;
    let other = stage.replica(1).tools([tool()]).front().await?;
    let id = other.submit(&caller(me()), "hold").await?.id;
    stage.until(SECOND * 2, "its start", async || Ok(probe.starts() == 1)).await?;
    let finish = async {
        stage.pass(SECOND).await;
        probe.let_one_through();
    };
    stage.in_time("the stop", async { tokio::join!(stopping.runtime.shutdown(), finish) }).await?;
    scene.same("its status", &other.view(&caller(me()), &id).await?.status, &TaskStatus::Completed);
    scene.same("handlers that were told to stop", &probe.told(), &0);
    Ok(())
}

async fn what_may_not_rerun_and_does_not_end_fails(scene: &Scene) -> CaseResult {
    let (stage, probe) = (Stage::open(scene).await?, Probe::default());
    let tool = || held("hold", &probe, TaskPolicy::required());
    let stopping = stage.replica(0).config(|config| config.lease(HOUR)).tools([tool()]).start().await?;
    let other = stage.replica(1).tools([tool()]).front().await?;
    let id = other.submit(&caller(me()), "hold").await?.id;
    stage.until(SECOND * 2, "its start", async || Ok(probe.starts() == 1)).await?;
    let start = tokio::time::Instant::now();
    stage.in_time("the stop", stopping.runtime.shutdown()).await?;
    scene.check(start.elapsed() >= GRACE, || format!("it was ended after {:?}", start.elapsed()));
    let view = other.view(&caller(me()), &id).await?;
    scene.same("its status", &view.status, &TaskStatus::Failed);
    scene.same("its reason", &view.outcome.as_ref().and_then(reason), &Some("worker stopped"));
    scene.same("handlers", &probe.inside(), &0);
    Ok(())
}

async fn a_stopped_node_claims_nothing(scene: &Scene) -> CaseResult {
    let (stage, probe) = (Stage::open(scene).await?, Probe::default());
    let replica = stage.replica(0).tools([held("hold", &probe, TaskPolicy::required())]).start().await?;
    stage.in_time("the stop", replica.runtime.shutdown()).await?;
    let claims = replica.faults.count("claim");
    let sweeps = replica.faults.count("sweep");
    replica.submit(&caller(me()), "hold").await?;
    stage.pass(SECOND * 3).await;
    scene.same("claims after the stop", &(replica.faults.count("claim") - claims), &0);
    scene.same("sweeps after the stop", &(replica.faults.count("sweep") - sweeps), &0);
    scene.same("starts", &probe.starts(), &0);
    Ok(())
}

async fn a_cancelled_task_has_ended_before_the_reply_and_its_handler_is_told(scene: &Scene) -> CaseResult {
    let (stage, probe) = (Stage::open(scene).await?, Probe::default());
    let tool = || held("hold", &probe, TaskPolicy::required().rerun());
    let running = stage.replica(0).tools([tool()]).start().await?;
    let other = stage.replica(1).tools([tool()]).front().await?;
    let id = other.submit(&caller(me()), "hold").await?.id;
    stage.until(SECOND * 2, "its start", async || Ok(probe.starts() == 1)).await?;
    let reply = other.ask(&caller(me()), CancelTask::new(id.clone())).await?;
    scene.same("the status in the reply", &reply.task.status, &TaskStatus::Cancelled);
    scene.same("had ended before", &reply.was_terminal, &false);
    scene.same("on the other node", &running.view(&caller(me()), &id).await?.status, &TaskStatus::Cancelled);
    stage.until(MS * 100, "its handler being told", async || Ok(probe.told() == 1)).await?;
    let again = running.ask(&caller(me()), CancelTask::new(id.clone())).await?;
    scene.same("had ended when it was cancelled again", &again.was_terminal, &true);
    scene.same("starts", &probe.starts(), &1);
    Ok(())
}

async fn a_handler_that_does_not_stop_is_dropped_after_its_grace(scene: &Scene) -> CaseResult {
    let (stage, probe) = (Stage::open(scene).await?, Probe::default());
    let grace = SECOND;
    let replica = stage
        .replica(0)
        .config(|config| config.grace(grace))
        .tools([held("hold", &probe, TaskPolicy::required())])
        .start()
        .await?;
    let id = replica.submit(&caller(me()), "hold").await?.id;
    stage.until(SECOND * 2, "its start", async || Ok(probe.starts() == 1)).await?;
    replica.ask(&caller(me()), CancelTask::new(id)).await?;
    stage.until(MS * 100, "its handler being told", async || Ok(probe.told() == 1)).await?;
    let told = tokio::time::Instant::now();
    stage.until(grace + MS * 100, "the end of its handler", async || Ok(probe.inside() == 0)).await?;
    scene.check(told.elapsed() >= grace / 2, || format!("it had {:?} to stop", told.elapsed()));
    Ok(())
}

async fn a_late_result_changes_nothing(scene: &Scene) -> CaseResult {
    let (stage, probe) = (Stage::open(scene).await?, Probe::default());
    let replica = stage
        .replica(0)
        .config(|config| config.grace(HOUR))
        .tools([held("hold", &probe, TaskPolicy::required().rerun())])
        .start()
        .await?;
    let id = replica.submit(&caller(me()), "hold").await?.id;
    stage.until(SECOND * 2, "its start", async || Ok(probe.starts() == 1)).await?;
    replica.ask(&caller(me()), CancelTask::new(id.clone())).await?;
    stage.until(SECOND, "its handler being told", async || Ok(probe.told() == 1)).await?;
    let before = replica.view(&caller(me()), &id).await?;
    probe.let_one_through();
    stage.until(SECOND, "the end of its handler", async || Ok(probe.inside() == 0)).await?;
    stage.pass(SECOND / 2).await;
    scene.same("the task", &replica.view(&caller(me()), &id).await?, &before);
    Ok(())
}

async fn a_cancellation_whose_wake_up_is_lost_is_learnt_at_the_next_renewal(scene: &Scene) -> CaseResult {
    let (stage, probe) = (Stage::open(scene).await?, Probe::default());
    let tool = || held("hold", &probe, TaskPolicy::required().rerun());
    let _running = stage.replica(0).tools([tool()]).start().await?;
    let other = stage.replica(1).tools([tool()]).front().await?;
    let id = other.submit(&caller(me()), "hold").await?.id;
    stage.until(SECOND * 2, "its start", async || Ok(probe.starts() == 1)).await?;
    other.faults.set("wake", Fault::Swallow);
    other.ask(&caller(me()), CancelTask::new(id)).await?;
    stage.until(LEASE / 3 + MS * 50, "its handler being told", async || Ok(probe.told() == 1)).await?;
    Ok(())
}

async fn a_task_that_waits_in_its_queue_is_never_started_once_it_is_cancelled(scene: &Scene) -> CaseResult {
    let (stage, probe) = (Stage::open(scene).await?, Probe::default());
    let replica = stage.replica(0).tools([held("hold", &probe, TaskPolicy::required().rerun())]).front().await?;
    let id = replica.submit(&caller(me()), "hold").await?.id;
    replica.ask(&caller(me()), CancelTask::new(id.clone())).await?;
    replica.runtime.start();
    stage.pass(SECOND).await;
    scene.same("starts", &probe.starts(), &0);
    scene.same("its status", &replica.view(&caller(me()), &id).await?.status, &TaskStatus::Cancelled);
    Ok(())
}
