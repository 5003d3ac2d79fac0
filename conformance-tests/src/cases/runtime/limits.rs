//! How many tasks there may be, how fast they may come, and how long they live (T1, T9, R2).

use std::time::Duration;

use fastestmcp_core::component::TaskPolicy;
use fastestmcp_core::context::Caller;
use fastestmcp_core::operation::{AskedTtl, CallError, CancelTask, TaskView};
use fastestmcp_core::principal::Principal;
use futures_util::future::join_all;
use serde_json::{Map, Value, json};
use tokio::time::Instant;

use super::steps::{HOUR, MS, SECOND, held, overloaded, unknown};
use crate::case::cases;
use crate::halt::CaseResult;
use crate::scene::Scene;
use crate::stage::{Probe, Replica, Stage, call, caller, me, you};

cases! { Runtime, "runtime.limits";
    "T9": a_life_is_the_one_asked_for_or_the_tools_longest,
    "T9": a_life_without_end_is_given_only_where_the_tool_allows_it,
    "T9": the_life_that_is_told_counts_from_creation,
    "T9": an_outcome_is_readable_as_long_as_is_promised_and_the_new_life_is_told,
    "T1": an_owner_has_so_many_open_tasks_from_all_replicas_and_not_one_more,
    "T1": every_end_of_a_task_makes_room_for_another,
    "T1": a_repeat_under_its_key_takes_no_room,
    "T1": who_owns_nothing_shares_no_room,
    "R2": tasks_come_in_a_burst_and_then_at_their_rate,
    "R2": the_sessions_of_a_principal_share_one_rate,
}

async fn life(replica: &Replica, tool: &str, ttl: AskedTtl) -> Result<Option<Duration>, CallError> {
    Ok(replica.submit_call(&caller(me()), call(tool, Value::Null), ttl).await?.ttl)
}

async fn a_life_is_the_one_asked_for_or_the_tools_longest(scene: &Scene) -> CaseResult {
    let stage = Stage::open(scene).await?;
    let probe = Probe::default();
    let hours = |ttl, longest| TaskPolicy::required().ttl(HOUR * ttl, HOUR * longest);
    let tools = [held("hold", &probe, hours(1, 2)), held("odd", &probe, hours(3, 2))];
    let replica = stage.replica(0).tools(tools).front().await?;
    for (tool, asked, want) in [
        ("hold", AskedTtl::Default, HOUR),
        ("hold", AskedTtl::For(HOUR / 2), HOUR / 2),
        ("hold", AskedTtl::For(HOUR * 2), HOUR * 2),
        ("hold", AskedTtl::For(HOUR * 3), HOUR * 2),
        ("hold", AskedTtl::For(Duration::MAX), HOUR * 2),
        ("hold", AskedTtl::For(Duration::ZERO), MS),
        ("odd", AskedTtl::Default, HOUR * 2),
    ] {
        scene.same(&format!("{tool}, asked for {asked:?}"), &life(&replica, tool, asked).await?, &Some(want));
    }
    Ok(())
}

async fn a_life_without_end_is_given_only_where_the_tool_allows_it(scene: &Scene) -> CaseResult {
    let stage = Stage::open(scene).await?;
    let mut unlimited = TaskPolicy::required().ttl(HOUR, HOUR * 2);
    let limited = held("limited", &Probe::default(), unlimited.clone());
    unlimited.allow_unlimited = true;
    let tools = [limited, held("unlimited", &Probe::default(), unlimited)];
    let replica = stage.replica(0).tools(tools).front().await?;
    scene.same("limited", &life(&replica, "limited", AskedTtl::Unlimited).await?, &Some(HOUR * 2));
    scene.same("unlimited", &life(&replica, "unlimited", AskedTtl::Unlimited).await?, &None);
    scene.same("unlimited, not asked", &life(&replica, "unlimited", AskedTtl::Default).await?, &Some(HOUR));
    Ok(())
}

async fn the_life_that_is_told_counts_from_creation(scene: &Scene) -> CaseResult {
    let stage = Stage::open(scene).await?;
    let ttl = SECOND;
    let tool = || held("hold", &Probe::default(), TaskPolicy::required());
    let (one, other) =
        (stage.replica(0).tools([tool()]).front().await?, stage.replica(1).tools([tool()]).front().await?);
    let begun = Instant::now();
    let made = one.submit_call(&caller(me()), call("hold", Value::Null), AskedTtl::For(ttl)).await?;
    for _ in 0..3 {
        stage.pass(ttl / 5).await;
        match other.view(&caller(me()), &made.id).await {
            Ok(view) => scene.same("its life and its creation", &(view.ttl, view.created), &(Some(ttl), made.created)),
            Err(error) => scene.check(begun.elapsed() >= ttl, || format!("it ended before its time: {error}")),
        }
    }
    stage.pass(ttl * 2 / 5 + MS * 20).await;
    unknown(scene, "after its life", &other.view(&caller(me()), &made.id).await);
    unknown(scene, "its cancel", &other.ask(&caller(me()), CancelTask::new(made.id)).await);
    Ok(())
}

async fn an_outcome_is_readable_as_long_as_is_promised_and_the_new_life_is_told(scene: &Scene) -> CaseResult {
    let stage = Stage::open(scene).await?;
    let probe = Probe::default();
    let short = TaskPolicy::required().ttl(SECOND * 5, HOUR).retain(HOUR);
    let long = TaskPolicy::required().ttl(HOUR, HOUR).retain(SECOND);
    let tools = [held("short", &probe, short), held("long", &probe, long)];
    let replica = stage.replica(0).tools(tools).start().await?;
    for (tool, least, most) in [("short", HOUR, HOUR + SECOND * 6), ("long", HOUR, HOUR)] {
        let task = replica.submit(&caller(me()), tool).await?;
        stage.pass(MS * 50).await;
        probe.let_one_through();
        stage.in_time(tool, replica.outcome(&caller(me()), &task.id)).await??;
        let ttl = replica.view(&caller(me()), &task.id).await?.ttl.unwrap_or_default();
        scene.check(ttl >= least && ttl <= most, || format!("{tool}: {ttl:?} is told after its end"));
    }
    Ok(())
}

/// The open tasks of `who` that were made by ten requests at once, and what the others were told.
async fn made(scene: &Scene, replicas: &[Replica], who: &Caller) -> Vec<TaskView> {
    let made = join_all((0..10).map(|index| replicas[index % replicas.len()].submit(who, "hold"))).await;
    for refused in made.iter().filter(|made| made.is_err()) {
        overloaded(scene, "open tasks", refused);
    }
    made.into_iter().flatten().collect()
}

async fn an_owner_has_so_many_open_tasks_from_all_replicas_and_not_one_more(scene: &Scene) -> CaseResult {
    let stage = Stage::open(scene).await?;
    let mut replicas = Vec::new();
    for index in 0..2 {
        let tool = held("hold", &Probe::default(), TaskPolicy::required());
        let replica = stage.replica(index).config(|config| config.max_open_tasks(3)).tools([tool]);
        replicas.push(replica.front().await?);
    }
    let session = replicas[0].session(me()).await?;
    scene.same("made of ten at once", &made(scene, &replicas, &caller(me())).await.len(), &3);
    let again = replicas[1].submit(&session.caller, "hold").await;
    overloaded(scene, "open tasks", &again);
    scene.same("made by somebody else", &made(scene, &replicas, &caller(you())).await.len(), &3);
    Ok(())
}

async fn every_end_of_a_task_makes_room_for_another(scene: &Scene) -> CaseResult {
    let stage = Stage::open(scene).await?;
    let (probe, me) = (Probe::default(), caller(me()));
    let tools =
        [held("hold", &probe, TaskPolicy::required()), held("short", &Probe::default(), TaskPolicy::required())];
    let replica = stage.replica(0).config(|config| config.max_open_tasks(1)).tools(tools).start().await?;
    let cancelled = replica.submit(&me, "hold").await?;
    overloaded(scene, "open tasks", &replica.submit(&me, "hold").await);
    replica.ask(&me, CancelTask::new(cancelled.id)).await?;
    let completed = replica.submit(&me, "hold").await?;
    overloaded(scene, "open tasks", &replica.submit(&me, "hold").await);
    // One for the cancelled, if it was there already.
    probe.let_one_through();
    probe.let_one_through();
    stage.in_time("its end", replica.outcome(&me, &completed.id)).await??;
    let short = replica.submit_call(&me, call("short", Value::Null), AskedTtl::For(SECOND / 2)).await?;
    stage.pass(SECOND / 2 + MS * 20).await;
    unknown(scene, "one that has expired", &replica.view(&me, &short.id).await);
    let last = replica.submit(&me, "hold").await;
    scene.check(last.is_ok(), || format!("after one that has expired: {:?}", last.err()));
    Ok(())
}

async fn a_repeat_under_its_key_takes_no_room(scene: &Scene) -> CaseResult {
    let stage = Stage::open(scene).await?;
    let tool = held("hold", &Probe::default(), TaskPolicy::required());
    let replica = stage.replica(0).config(|config| config.max_open_tasks(1)).tools([tool]).front().await?;
    let meta = Map::from_iter([(replica.runtime.config().idempotency_meta.clone(), json!("key"))]);
    let keyed = || call("hold", Value::Null).meta(meta.clone());
    let first = replica.submit_call(&caller(me()), keyed(), AskedTtl::Default).await?;
    for _ in 0..3 {
        let again = replica.submit_call(&caller(me()), keyed(), AskedTtl::Default).await?;
        scene.same("asked again", &again.id, &first.id);
    }
    overloaded(scene, "open tasks", &replica.submit(&caller(me()), "hold").await);
    Ok(())
}

async fn who_owns_nothing_shares_no_room(scene: &Scene) -> CaseResult {
    let stage = Stage::open(scene).await?;
    let tool = held("hold", &Probe::default(), TaskPolicy::required());
    let replica = stage.replica(0).config(|config| config.max_open_tasks(2)).tools([tool]).front().await?;
    for _ in 0..2 {
        let session = replica.session(Principal::Anonymous).await?;
        let made = made(scene, std::slice::from_ref(&replica), &session.caller).await;
        scene.same("made in a session of its own", &made.len(), &2);
    }
    let made = made(scene, std::slice::from_ref(&replica), &caller(Principal::Anonymous)).await;
    scene.same("made by nobody in particular", &made.len(), &10);
    Ok(())
}

async fn tasks_come_in_a_burst_and_then_at_their_rate(scene: &Scene) -> CaseResult {
    let stage = Stage::open(scene).await?;
    let tool = held("hold", &Probe::default(), TaskPolicy::required());
    let replica = stage.replica(0).config(|config| config.task_rate(4, 2)).tools([tool]).front().await?;
    let (me, you) = (caller(me()), caller(you()));
    let begun = Instant::now();
    let (mut let_in, mut wait) = (0, None);
    for _ in 0..10 {
        match replica.submit(&me, "hold").await {
            Ok(_) => (let_in, wait) = (let_in + 1, None),
            Err(CallError::Overloaded { resource, retry_after }) => {
                scene.same("refused for", &resource, &"task creation");
                wait = Some(retry_after);
            }
            Err(error) => return Err(error.into()),
        }
    }
    // In virtual time none has passed.
    let most = 4 + usize::try_from(begun.elapsed().as_millis() / 500).unwrap_or_default();
    scene.check((4..=most).contains(&let_in), || format!("{let_in} were let in, and {most} at most may be"));
    scene.check(replica.submit(&you, "hold").await.is_ok(), || "another principal is refused".to_owned());
    if let Some(wait) = wait {
        let is = wait > Duration::ZERO && wait <= SECOND / 2;
        scene.check(is, || format!("to come back in {wait:?} at two a second"));
        stage.pass(wait).await;
        scene.check(replica.submit(&me, "hold").await.is_ok(), || "it came back when it was told to".to_owned());
    }
    Ok(())
}

async fn the_sessions_of_a_principal_share_one_rate(scene: &Scene) -> CaseResult {
    let stage = Stage::open(scene).await?;
    // The next after the burst comes in a second.
    let tool = held("hold", &Probe::default(), TaskPolicy::required());
    let replica = stage.replica(0).config(|config| config.task_rate(2, 1)).tools([tool]).front().await?;
    let mut callers = vec![caller(me())];
    for _ in 0..4 {
        callers.push(replica.session(me()).await?.caller);
    }
    let begun = Instant::now();
    let let_in = join_all(callers.iter().map(|caller| replica.submit(caller, "hold"))).await;
    let let_in = let_in.iter().filter(|made| made.is_ok()).count();
    let most = 2 + usize::try_from(begun.elapsed().as_secs()).unwrap_or_default();
    scene.check((2..=most).contains(&let_in), || format!("{let_in} were let in, and {most} at most may be"));
    Ok(())
}
