//! Sessions of the 2025 wire: their lives, who holds them, and their end (C5).

use fastestmcp_core::component::{TaskPolicy, Tool};
use fastestmcp_core::context::Context;
use fastestmcp_core::operation::CallError;
use fastestmcp_core::principal::Principal;
use fastestmcp_core::runtime::TaskFilter;
use fastestmcp_core::session::SessionError;
use fastestmcp_core::task::TaskStatus;
use futures_util::future::try_join_all;
use serde_json::{Map, Value};

use super::steps::{HOUR, MS, SECOND, held, nobody, said};
use crate::case::cases;
use crate::halt::{CaseResult, Halt};
use crate::scene::Scene;
use crate::stage::{Fault, Probe, Replica, Session, Stage, me, you};

cases! { Runtime, "runtime.sessions";
    "C5": a_session_that_is_never_used_ends_with_its_initialization_time,
    "C5": every_use_gives_it_its_idle_time_again,
    "C5": nothing_keeps_it_longer_than_its_absolute_life,
    "C5": above_the_most_there_may_be_none_is_made_and_none_evicted,
    "C5": there_is_room_again_when_sessions_end,
    "C5": a_running_task_holds_it,
    "C5": a_readable_outcome_of_an_anonymous_caller_holds_it,
    "C5": its_end_holds_on_every_node_at_once,
    "C5": its_end_cancels_its_own_tasks_and_no_others,
    "C5": its_end_cancels_however_many_tasks_it_has,
    "C5": it_is_gone_before_its_tasks_are_cancelled,
    "C5": it_lives_on_if_the_store_fails_its_end,
    "C5": a_late_write_never_brings_it_back,
    "C5": requests_that_reach_a_node_at_once_all_find_a_session_it_has_not_served_yet,
}

async fn lives(replica: &Replica, session: &Session) -> Result<bool, Halt> {
    Ok(replica.runtime.sessions().open(&session.caller.auth.principal, &session.id).await?.is_some())
}

async fn a_session_that_is_never_used_ends_with_its_initialization_time(scene: &Scene) -> CaseResult {
    let stage = Stage::open(scene).await?;
    let init = SECOND * 2;
    let replica = stage.replica(0).config(|config| config.session_init(init).session_idle(HOUR)).front().await?;
    let (used, unused) = (replica.session(me()).await?, replica.session(me()).await?);
    stage.pass(init / 2).await;
    scene.check(lives(&replica, &used).await?, || "one ended before its initialization time".to_owned());
    stage.pass(init / 2 + MS * 20).await;
    scene.check(lives(&replica, &used).await?, || "one that was used ended with its initialization time".to_owned());
    scene.check(!lives(&replica, &unused).await?, || "one that nobody used outlived its initialization".to_owned());
    Ok(())
}

async fn every_use_gives_it_its_idle_time_again(scene: &Scene) -> CaseResult {
    let stage = Stage::open(scene).await?;
    let idle = SECOND * 2;
    let replica = stage.replica(0).config(|config| config.session_idle(idle).session_init(idle)).front().await?;
    let session = replica.session(me()).await?;
    // Each use comes before half of its time is over, and all of them after the whole.
    for round in 0..5 {
        scene.check(lives(&replica, &session).await?, || format!("it ended at use {round}"));
        stage.pass(idle * 9 / 20).await;
    }
    scene.check(lives(&replica, &session).await?, || "it ended".to_owned());
    stage.pass(idle + MS * 20).await;
    scene.check(!lives(&replica, &session).await?, || "it outlived its idle time".to_owned());
    let session = replica.session(me()).await?;
    stage.pass(idle * 9 / 20).await;
    scene.check(lives(&replica, &session).await?, || "it ended".to_owned());
    stage.pass(idle * 3 / 5).await;
    scene.check(lives(&replica, &session).await?, || "a use before half of its time gave it nothing".to_owned());
    Ok(())
}

async fn nothing_keeps_it_longer_than_its_absolute_life(scene: &Scene) -> CaseResult {
    let stage = Stage::open(scene).await?;
    let (longest, probe) = (SECOND * 4, Probe::default());
    let replica = stage
        .replica(0)
        .config(|config| config.session_max(longest).session_idle(HOUR))
        .tools([held("hold", &probe, TaskPolicy::required())])
        .start()
        .await?;
    let session = replica.session(Principal::Anonymous).await?;
    replica.submit(&session.caller, "hold").await?;
    for _ in 0..3 {
        scene.check(lives(&replica, &session).await?, || "it ended before its time".to_owned());
        stage.pass(longest / 4).await;
    }
    scene.check(replica.runtime.sessions().hold_for(&session.digest, HOUR).await?, || "it ended".to_owned());
    stage.pass(longest / 4 + MS * 20).await;
    scene.check(!lives(&replica, &session).await?, || "uses, a task and a hold kept it for longer".to_owned());
    Ok(())
}

async fn above_the_most_there_may_be_none_is_made_and_none_evicted(scene: &Scene) -> CaseResult {
    let stage = Stage::open(scene).await?;
    let replica = stage.replica(0).config(|config| config.max_sessions(3)).front().await?;
    let mut live = Vec::new();
    for _ in 0..3 {
        live.push(replica.session(me()).await?);
    }
    let another = stage.replica(1).config(|config| config.max_sessions(3)).front().await?;
    for node in [&replica, &another] {
        let record = replica.runtime.sessions().record(&live[0].digest).await?;
        let Some(record) = record else { return Err(Halt::Wrong("the first has no record".to_owned())) };
        match node.runtime.sessions().create(&record).await {
            Err(SessionError::Full { retry_after }) => {
                scene.check(retry_after > std::time::Duration::ZERO, || "come back at once".to_owned());
            }
            other => scene.violation(format!("one more was made, or refused otherwise: {:?}", other.err())),
        }
    }
    for session in &live {
        scene.check(lives(&replica, session).await?, || "a live one was evicted".to_owned());
    }
    Ok(())
}

async fn there_is_room_again_when_sessions_end(scene: &Scene) -> CaseResult {
    let stage = Stage::open(scene).await?;
    let replica = stage.replica(0).config(|config| config.max_sessions(1)).front().await?;
    let only = replica.session(me()).await?;
    let Some(record) = replica.runtime.sessions().record(&only.digest).await? else {
        return Err(Halt::Wrong("it has no record".to_owned()));
    };
    scene.check(replica.runtime.sessions().create(&record).await.is_err(), || "there is no room".to_owned());
    replica.runtime.end_session(&me(), &only.id).await?;
    // The count may be a second old.
    let made = async || Ok(replica.runtime.sessions().create(&record).await.is_ok());
    stage.until(SECOND * 2 + MS * 50, "room that was given back", made).await?;
    Ok(())
}

async fn a_running_task_holds_it(scene: &Scene) -> CaseResult {
    let stage = Stage::open(scene).await?;
    let (idle, probe) = (SECOND * 2, Probe::default());
    let replica = stage
        .replica(0)
        .config(|config| config.session_idle(idle).session_init(idle))
        .tools([held("hold", &probe, TaskPolicy::required())])
        .start()
        .await?;
    let session = replica.session(me()).await?;
    let id = replica.submit(&session.caller, "hold").await?.id;
    stage.pass(idle * 3).await;
    scene.check(replica.runtime.sessions().record(&session.digest).await?.is_some(), || {
        "it ended while its task ran".to_owned()
    });
    probe.let_one_through();
    stage.in_time("the task", replica.outcome(&session.caller, &id)).await??;
    stage.pass(idle * 2).await;
    scene.check(replica.runtime.sessions().record(&session.digest).await?.is_none(), || {
        "what holds it is over, and it lives".to_owned()
    });
    Ok(())
}

async fn a_readable_outcome_of_an_anonymous_caller_holds_it(scene: &Scene) -> CaseResult {
    let stage = Stage::open(scene).await?;
    let (idle, retain, probe) = (SECOND, SECOND * 4, Probe::default());
    probe.let_one_through();
    let replica = stage
        .replica(0)
        .config(|config| config.session_idle(idle).session_init(idle))
        .tools([held("hold", &probe, TaskPolicy::required().retain(retain))])
        .start()
        .await?;
    let session = replica.session(Principal::Anonymous).await?;
    let id = replica.submit(&session.caller, "hold").await?.id;
    let ended = async || Ok(replica.record(&id).await?.is_some_and(|record| !record.head.open));
    stage.until(SECOND, "the task's end", ended).await?;
    stage.pass(retain * 3 / 4).await;
    // Nobody else could ever read it.
    scene.check(lives(&replica, &session).await?, || "it ended before its outcome did".to_owned());
    scene.check(replica.view(&session.caller, &id).await.is_ok(), || "the outcome is not readable".to_owned());
    Ok(())
}

async fn its_end_holds_on_every_node_at_once(scene: &Scene) -> CaseResult {
    let stage = Stage::open(scene).await?;
    let (one, other) = (stage.replica(0).front().await?, stage.replica(1).front().await?);
    for _ in 0..5 {
        let session = one.session(me()).await?;
        scene.check(lives(&other, &session).await?, || "the other node does not know it".to_owned());
        scene.check(one.runtime.end_session(&me(), &session.id).await?, || "it was said not to live".to_owned());
        scene.check(!lives(&other, &session).await?, || "it lives on the other node".to_owned());
        scene.check(other.runtime.sessions().was_ended(&session.digest).await?, || {
            "that it was ended is not remembered".to_owned()
        });
        scene.check(!other.runtime.end_session(&me(), &session.id).await?, || "it ended twice".to_owned());
    }
    Ok(())
}

async fn its_end_cancels_its_own_tasks_and_no_others(scene: &Scene) -> CaseResult {
    let stage = Stage::open(scene).await?;
    let probe = Probe::default();
    let replica = stage.replica(0).tools([held("hold", &probe, TaskPolicy::required())]).front().await?;
    for principal in [me(), Principal::Anonymous] {
        let (ending, staying) = (replica.session(principal.clone()).await?, replica.session(principal).await?);
        let own = replica.submit(&ending.caller, "hold").await?.id;
        let others = replica.submit(&staying.caller, "hold").await?.id;
        let elsewhere = replica.submit(&replica.session(you()).await?.caller, "hold").await?.id;
        replica.runtime.end_session(&ending.caller.auth.principal, &ending.id).await?;
        let status = async |id| Ok::<_, Halt>(replica.runtime.operator().task(id).await?.status);
        let gone = async || Ok(status(&own).await? == TaskStatus::Cancelled);
        stage.until(SECOND, "the end of its own task", gone).await?;
        scene.same("of another session of the same caller", &status(&others).await?, &TaskStatus::Working);
        scene.same("of another caller", &status(&elsewhere).await?, &TaskStatus::Working);
    }
    Ok(())
}

async fn its_end_cancels_however_many_tasks_it_has(scene: &Scene) -> CaseResult {
    /// More than one page.
    const TASKS: usize = 1_030;
    let stage = Stage::open(scene).await?;
    let replica = stage
        .replica(0)
        .config(|config| config.max_open_tasks(2_000))
        .tools([held("hold", &Probe::default(), TaskPolicy::required())])
        .front()
        .await?;
    let session = replica.session(me()).await?;
    for _ in 0..TASKS / 10 {
        try_join_all((0..10).map(|_| replica.submit(&session.caller, "hold"))).await?;
    }
    replica.runtime.end_session(&me(), &session.id).await?;
    let filter = TaskFilter::status(TaskStatus::Working);
    let none = async || {
        let mut page = replica.runtime.operator().tasks(&filter, None).await?;
        // A page may be empty before the last.
        while let (true, Some(next)) = (page.tasks.is_empty(), &page.next_cursor) {
            page = replica.runtime.operator().tasks(&filter, Some(next)).await?;
        }
        Ok(page.tasks.is_empty())
    };
    stage.until(SECOND * 2, "the end of all its tasks", none).await?;
    Ok(())
}

async fn it_is_gone_before_its_tasks_are_cancelled(scene: &Scene) -> CaseResult {
    let stage = Stage::open(scene).await?;
    let replica = stage.replica(0).tools([held("hold", &Probe::default(), TaskPolicy::required())]).front().await?;
    let session = replica.session(me()).await?;
    let id = replica.submit(&session.caller, "hold").await?.id;
    replica.faults.set("list_tasks", Fault::Fail(2));
    let _ = replica.runtime.end_session(&me(), &session.id).await;
    scene.check(!lives(&replica, &session).await?, || "it lives while its tasks cannot be found".to_owned());
    let gone = async || Ok(replica.runtime.operator().task(&id).await?.status == TaskStatus::Cancelled);
    stage.until(SECOND * 10, "the cancellation, which is repeated", gone).await?;
    Ok(())
}

async fn it_lives_on_if_the_store_fails_its_end(scene: &Scene) -> CaseResult {
    let stage = Stage::open(scene).await?;
    let replica = stage.replica(0).tools([held("hold", &Probe::default(), TaskPolicy::required())]).front().await?;
    let session = replica.session(me()).await?;
    let id = replica.submit(&session.caller, "hold").await?.id;
    replica.faults.set("delete_scope", Fault::Fail(1));
    let ended = replica.runtime.end_session(&me(), &session.id).await;
    scene.check(matches!(ended, Err(CallError::Store(_))), || format!("{ended:?} instead of the store's failure"));
    scene.check(lives(&replica, &session).await?, || "it is gone".to_owned());
    stage.pass(SECOND).await;
    scene.same("its task", &replica.view(&session.caller, &id).await?.status, &TaskStatus::Working);
    Ok(())
}

async fn a_late_write_never_brings_it_back(scene: &Scene) -> CaseResult {
    let stage = Stage::open(scene).await?;
    let probe = Probe::default();
    let late = Tool::with_state("late", probe.clone(), async |probe: Probe, cx: Context, _: Map<String, Value>| {
        let _inside = probe.start();
        probe.wait().await;
        cx.set_state("key", "late").await?;
        Ok("written")
    });
    let replica = stage.replica(0).tools([late]).front().await?;
    let session = replica.session(me()).await?;
    let writing = replica.call(&session.caller, "late", Value::Null, nobody());
    let end = async {
        while probe.starts() == 0 {
            stage.pass(MS).await;
        }
        replica.runtime.end_session(&me(), &session.id).await?;
        probe.let_one_through();
        Ok::<_, Halt>(())
    };
    let (written, ended) = tokio::join!(writing, end);
    ended?;
    scene.check(written.as_ref().is_ok_and(|output| output.is_error) || written.is_err(), || {
        format!("the handler was told {:?}", written.as_ref().ok().and_then(said))
    });
    scene.check(!lives(&replica, &session).await?, || "it is back".to_owned());
    scene.check(!replica.runtime.sessions().hold(&session.digest).await?, || "its scope is back".to_owned());
    Ok(())
}

async fn requests_that_reach_a_node_at_once_all_find_a_session_it_has_not_served_yet(scene: &Scene) -> CaseResult {
    let stage = Stage::open(scene).await?;
    let one = stage.replica(0).front().await?;
    for round in 0..scene.times(20) {
        let session = one.session(me()).await?;
        let other = stage.replica(1).front().await?;
        let found = try_join_all((0..4).map(|_| lives(&other, &session))).await?;
        scene.same(&format!("found by each, round {round}"), &found, &vec![true; 4]);
    }
    Ok(())
}
