//! What may happen at the same time, for one owner and for all, and that what runs is not harmed by what is refused (R2).

use fastestmcp_core::component::{NoArgs, Prompt, TaskPolicy, Tool};
use fastestmcp_core::context::{Caller, Context};
use fastestmcp_core::operation::{
    CallError, CallOutcome, CancelTask, GetPrompt, GetTask, ListTasks, Listen, TaskMode, WatchTask,
};
use fastestmcp_core::principal::Principal;
use serde_json::{Map, Value};
use tokio::time::Instant;

use super::steps::{MS, SECOND, begun, held, nobody, overloaded, said};
use crate::case::cases;
use crate::halt::{CaseResult, Halt};
use crate::scene::Scene;
use crate::stage::{Probe, Replica, Stage, call, caller, me, user, you};

cases! { Runtime, "runtime.caps";
    "R2": plain_calls_have_a_cap_for_each_owner_and_for_all,
    "R2": prompts_count_as_calls,
    "R2": who_is_nobody_shares_the_cap_of_all,
    "R2": a_cancelled_call_counts_until_its_handler_has_ended,
    "R2": a_cancelled_handler_that_does_not_end_is_dropped_after_its_grace_and_makes_room,
    "R2": waiters_have_a_cap_and_make_room_when_they_go,
    "R2": a_task_is_made_though_there_is_no_room_to_wait_for_it,
    "R2": streams_have_a_cap_and_make_room_when_they_go,
    "R2": what_reads_and_ends_tasks_is_never_refused_for_lack_of_room,
}

/// A tool that waits at the gate of its probe.
fn wait(probe: &Probe) -> Tool {
    Tool::with_state("wait", probe.clone(), async |probe: Probe, cx: Context, _: NoArgs| {
        probe.run(&cx).await;
        Ok("done")
    })
}

async fn inside(stage: &Stage, probe: &Probe, count: usize) -> Result<(), Halt> {
    stage.until(SECOND, "a handler", async || Ok(probe.inside() >= count)).await.map(drop)
}

async fn plain_calls_have_a_cap_for_each_owner_and_for_all(scene: &Scene) -> CaseResult {
    let stage = Stage::open(scene).await?;
    let probe = Probe::default();
    let replica = stage
        .replica(0)
        .config(|config| config.max_calls(3).max_calls_per_owner(2))
        .tools([wait(&probe)])
        .front()
        .await?;
    let mine = [caller(me()), replica.session(me()).await?.caller];
    let run = |who| begun(&replica, caller(who), call("wait", Value::Null), nobody());
    let mut running = vec![run(me()), run(me())];
    inside(&stage, &probe, 2).await?;
    for refused in &mine {
        overloaded(scene, "calls", &replica.ask(refused, call("wait", Value::Null)).await);
    }
    running.push(run(you()));
    inside(&stage, &probe, 3).await?;
    for refused in mine.iter().chain(&[caller(user("i", "s")), caller(Principal::Anonymous)]) {
        overloaded(scene, "calls", &replica.ask(refused, call("wait", Value::Null)).await);
    }
    scene.same("handlers started", &probe.starts(), &3);
    scene.same("told to stop", &probe.told(), &0);
    probe.let_one_through();
    probe.let_one_through();
    probe.let_one_through();
    for running in running {
        let ended = stage.in_time("a call that was running", running).await?;
        let done = matches!(&ended, Ok(Ok(CallOutcome::Complete(output))) if said(output).as_deref() == Some("done"));
        scene.check(done, || format!("a call that was running ended with {ended:?}"));
    }
    probe.let_one_through();
    replica.call(&caller(me()), "wait", Value::Null, nobody()).await?;
    Ok(())
}

async fn prompts_count_as_calls(scene: &Scene) -> CaseResult {
    let stage = Stage::open(scene).await?;
    let probe = Probe::default();
    let prompt = Prompt::with_state("wait", probe.clone(), async |probe: Probe, cx: Context, (): ()| {
        probe.run(&cx).await;
        Ok("done")
    });
    let config = stage.replica(0).config(|config| config.max_calls_per_owner(1));
    let replica = config.tools([wait(&probe)]).prompt(prompt).front().await?;
    let get = || GetPrompt::new("wait", Map::new());
    let running = begun(&replica, caller(me()), get(), nobody());
    inside(&stage, &probe, 1).await?;
    overloaded(scene, "calls", &replica.ask(&caller(me()), get()).await);
    overloaded(scene, "calls", &replica.ask(&caller(me()), call("wait", Value::Null)).await);
    probe.let_one_through();
    let ended = stage.in_time("the prompt", running).await?;
    scene.check(matches!(ended, Ok(Ok(_))), || format!("{ended:?}"));
    Ok(())
}

async fn who_is_nobody_shares_the_cap_of_all(scene: &Scene) -> CaseResult {
    let stage = Stage::open(scene).await?;
    let probe = Probe::default();
    let replica = stage
        .replica(0)
        .config(|config| config.max_calls(3).max_calls_per_owner(1))
        .tools([wait(&probe)])
        .front()
        .await?;
    let nobodys = || begun(&replica, caller(Principal::Anonymous), call("wait", Value::Null), nobody());
    let running = [nobodys(), nobodys(), nobodys()];
    inside(&stage, &probe, 3).await?;
    overloaded(scene, "calls", &replica.ask(&caller(Principal::Anonymous), call("wait", Value::Null)).await);
    // Whichever of them is first.
    running.iter().for_each(|_| probe.let_one_through());
    for running in running {
        let ended = stage.in_time("one that was running", running).await?;
        scene.check(matches!(ended, Ok(Ok(_))), || format!("{ended:?}"));
    }
    Ok(())
}

/// Calls `wait`, and cancels it while it runs: when.
async fn cancelled(replica: &Replica, caller: &Caller) -> Result<Instant, Halt> {
    let cancel = replica.runtime.stopping().child_token();
    let admitted = replica.runtime.admit(call("wait", Value::Null), caller.clone()).await?;
    let ended = tokio::join!(admitted.cancelled_by(cancel.clone()).run(nobody()), async {
        tokio::time::sleep(MS * 20).await;
        let now = Instant::now();
        cancel.cancel();
        now
    });
    match ended.0 {
        Err(CallError::Cancelled) => Ok(ended.1),
        other => Err(Halt::Wrong(format!("a cancelled call ended with {other:?}"))),
    }
}

async fn a_cancelled_call_counts_until_its_handler_has_ended(scene: &Scene) -> CaseResult {
    let stage = Stage::open(scene).await?;
    let (probe, me) = (Probe::default(), caller(me()));
    let config = stage.replica(0).config(|config| config.max_calls_per_owner(1).grace(SECOND * 30));
    let replica = config.tools([wait(&probe)]).front().await?;
    cancelled(&replica, &me).await?;
    stage.until(SECOND, "that its handler is told", async || Ok(probe.told() == 1)).await?;
    overloaded(scene, "calls", &replica.ask(&me, call("wait", Value::Null)).await);
    scene.same("handlers that have not ended", &probe.inside(), &1);
    probe.let_one_through();
    stage.until(SECOND, "its end", async || Ok(probe.inside() == 0)).await?;
    // The next finds the gate open.
    probe.let_one_through();
    let room = async || Ok(replica.ask(&me, call("wait", Value::Null)).await.is_ok());
    stage.until(SECOND, "room after its end", room).await?;
    Ok(())
}

async fn a_cancelled_handler_that_does_not_end_is_dropped_after_its_grace_and_makes_room(scene: &Scene) -> CaseResult {
    let stage = Stage::open(scene).await?;
    let (probe, me, grace) = (Probe::default(), caller(me()), SECOND);
    let config = stage.replica(0).config(|config| config.max_calls_per_owner(1).grace(grace));
    let replica = config.tools([wait(&probe)]).front().await?;
    let cancelled = cancelled(&replica, &me).await?;
    stage.until(grace + MS * 10, "its end", async || Ok(probe.inside() == 0)).await?;
    let had = cancelled.elapsed();
    scene.check(had >= grace, || format!("it was dropped {had:?} after it was cancelled"));
    scene.same("told to stop", &probe.told(), &1);
    probe.let_one_through();
    let room = async || Ok(replica.ask(&me, call("wait", Value::Null)).await.is_ok());
    stage.until(SECOND, "room after its end", room).await?;
    Ok(())
}

async fn waiters_have_a_cap_and_make_room_when_they_go(scene: &Scene) -> CaseResult {
    let stage = Stage::open(scene).await?;
    let probe = Probe::default();
    let replica = stage
        .replica(0)
        .config(|config| config.max_waiters(3).max_waiters_per_owner(2))
        .tools([held("hold", &probe, TaskPolicy::required())])
        .start()
        .await?;
    let (me, you) = (caller(me()), caller(you()));
    let (mine, yours) = (replica.submit(&me, "hold").await?.id, replica.submit(&you, "hold").await?.id);
    let mut first = replica.ask(&me, WatchTask::new(mine.clone())).await?;
    let second = replica.ask(&me, WatchTask::new(mine.clone())).await?;
    overloaded(scene, "waiters", &replica.ask(&me, WatchTask::new(mine.clone())).await);
    let third = replica.ask(&you, WatchTask::new(yours.clone())).await?;
    overloaded(scene, "waiters", &replica.ask(&you, WatchTask::new(yours.clone())).await);
    drop(second);
    let again = replica.ask(&you, WatchTask::new(yours)).await;
    scene.check(again.is_ok(), || format!("one went, and the next is refused: {:?}", again.as_ref().err()));
    drop((again, third));
    probe.let_one_through();
    probe.let_one_through();
    let ended = stage.in_time("a waiter that was there before", first.ended()).await?;
    scene.check(ended.is_ok(), || format!("a waiter that was there before got {ended:?}"));
    Ok(())
}

async fn a_task_is_made_though_there_is_no_room_to_wait_for_it(scene: &Scene) -> CaseResult {
    let stage = Stage::open(scene).await?;
    let (probe, me) = (Probe::default(), caller(me()));
    let policy = TaskPolicy::required().inline_for(SECOND * 30);
    let config = stage.replica(0).config(|config| config.max_waiters_per_owner(1));
    let replica = config.tools([held("hold", &probe, policy)]).start().await?;
    let first = replica.submit(&me, "hold").await?.id;
    let watch = replica.ask(&me, WatchTask::new(first)).await?;
    let accepted = replica.ask(&me, call("hold", Value::Null).tasks(TaskMode::Accepted));
    match stage.within(SECOND, "the handle of a task", accepted).await?? {
        CallOutcome::Task(task) => scene.check(!task.status.is_terminal(), || "it has ended".to_owned()),
        other => scene.violation(format!("{other:?}")),
    }
    drop(watch);
    Ok(())
}

async fn streams_have_a_cap_and_make_room_when_they_go(scene: &Scene) -> CaseResult {
    let stage = Stage::open(scene).await?;
    let replica = stage.replica(0).config(|config| config.max_streams(3).max_streams_per_owner(2)).front().await?;
    let (me, you) = (caller(me()), caller(you()));
    let mine = [replica.ask(&me, Listen::default()).await?, replica.ask(&me, Listen::default()).await?];
    overloaded(scene, "streams", &replica.ask(&me, Listen::default()).await);
    let yours = replica.ask(&you, Listen::default()).await?;
    overloaded(scene, "streams", &replica.ask(&you, Listen::default()).await);
    drop(mine);
    let again = [replica.ask(&me, Listen::default()).await, replica.ask(&you, Listen::default()).await];
    scene.check(again.iter().all(Result::is_ok), || "two went, and the next are refused".to_owned());
    drop((yours, again));
    Ok(())
}

async fn what_reads_and_ends_tasks_is_never_refused_for_lack_of_room(scene: &Scene) -> CaseResult {
    let stage = Stage::open(scene).await?;
    let (probe, me) = (Probe::default(), caller(me()));
    let config = stage.replica(0).config(|config| config.max_calls(1).max_waiters(1).max_streams(1));
    let tools = [wait(&probe), held("hold", &Probe::default(), TaskPolicy::required())];
    let replica = config.tools(tools).front().await?;
    let id = replica.submit(&me, "hold").await?.id;
    let running = begun(&replica, me.clone(), call("wait", Value::Null), nobody());
    inside(&stage, &probe, 1).await?;
    let taken = (replica.ask(&me, WatchTask::new(id.clone())).await?, replica.ask(&me, Listen::default()).await?);
    replica.submit(&me, "hold").await?;
    replica.ask(&me, GetTask::new(id.clone())).await?;
    scene.same("listed", &replica.ask(&me, ListTasks::default()).await?.tasks.len(), &2);
    scene.check(!replica.ask(&me, CancelTask::new(id)).await?.was_terminal, || "it had ended".to_owned());
    probe.let_one_through();
    let ended = stage.in_time("the call", running).await?;
    scene.check(matches!(ended, Ok(Ok(_))), || format!("{ended:?}"));
    drop(taken);
    Ok(())
}
