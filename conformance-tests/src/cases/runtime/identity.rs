//! Who may reach what: sessions, tasks, handles and keys of others are as if they were not there (G9).

use std::collections::BTreeMap;

use fastestmcp_core::component::{NoArgs, TaskPolicy, Tool};
use fastestmcp_core::context::{Caller, Context};
use fastestmcp_core::operation::{AskedTtl, CallError, CancelTask, ListTasks, TaskView, UpdateTask, WatchTask};
use fastestmcp_core::principal::Principal;
use serde_json::{Map, Value, json};

use super::steps::{HOUR, SECOND, held, nobody, said, unknown};
use crate::case::cases;
use crate::halt::{CaseResult, Halt};
use crate::scene::Scene;
use crate::stage::{Probe, Replica, Stage, call, caller, me, user, you};

cases! { Runtime, "runtime.identity";
    "C5": a_session_is_its_principals_alone,
    "C5": a_foreign_use_slides_no_session,
    "G9": the_same_subject_of_another_issuer_is_somebody_else,
    "G9": a_foreign_task_is_as_unknown_as_one_that_never_was,
    "G9": a_list_shows_the_callers_tasks_only,
    "G9": anonymous_callers_of_two_sessions_never_see_each_others_tasks,
    "G9": an_anonymous_caller_without_a_session_lists_nothing,
    "T1": an_idempotency_key_is_its_owners,
    "T1": an_idempotency_key_is_its_tools,
    "T1": an_anonymous_caller_without_a_session_has_no_idempotency_keys,
    "C6": a_handle_is_its_principals_alone,
}

async fn open(replica: &Replica, principal: &Principal, id: &str) -> Result<bool, Halt> {
    Ok(replica.runtime.sessions().open(principal, id).await?.is_some())
}

async fn a_session_is_its_principals_alone(scene: &Scene) -> CaseResult {
    let stage = Stage::open(scene).await?;
    let (one, other) = (stage.replica(0).front().await?, stage.replica(1).front().await?);
    let mine = one.session(user("https://a.example", "ann")).await?;
    for stranger in [user("https://a.example", "bob"), you(), Principal::Local("ann".to_owned()), Principal::Anonymous]
    {
        scene.check(!open(&other, &stranger, &mine.id).await?, || format!("{stranger:?} opened a foreign session"));
        let ended = other.runtime.end_session(&stranger, &mine.id).await?;
        scene.check(!ended, || format!("{stranger:?} ended a foreign session"));
    }
    scene.check(open(&other, &user("https://a.example", "ann"), &mine.id).await?, || "its own is gone".to_owned());
    Ok(())
}

async fn a_foreign_use_slides_no_session(scene: &Scene) -> CaseResult {
    let stage = Stage::open(scene).await?;
    let idle = SECOND;
    let replica = stage.replica(0).config(|config| config.session_idle(idle).session_init(idle)).front().await?;
    let mine = replica.session(me()).await?;
    for _ in 0..4 {
        stage.pass(idle / 4).await;
        let _ = open(&replica, &you(), &mine.id).await?;
    }
    scene.check(!open(&replica, &me(), &mine.id).await?, || "a stranger kept it alive".to_owned());
    Ok(())
}

async fn the_same_subject_of_another_issuer_is_somebody_else(scene: &Scene) -> CaseResult {
    let stage = Stage::open(scene).await?;
    let replica = stage.replica(0).tools([held("hold", &Probe::default(), TaskPolicy::required())]).front().await?;
    let (one, other) = (user("https://a.example", "ann"), user("https://b.example", "ann"));
    let mine = replica.session(one.clone()).await?;
    scene.check(!open(&replica, &other, &mine.id).await?, || "it opened the other's session".to_owned());
    let task = replica.submit(&caller(one), "hold").await?;
    unknown(scene, "its task", &replica.view(&caller(other), &task.id).await);
    Ok(())
}

async fn a_foreign_task_is_as_unknown_as_one_that_never_was(scene: &Scene) -> CaseResult {
    let stage = Stage::open(scene).await?;
    let replica = stage.replica(0).tools([held("hold", &Probe::default(), TaskPolicy::required())]).front().await?;
    let id = replica.submit(&caller(me()), "hold").await?.id;
    for stranger in [caller(you()), caller(Principal::Anonymous), replica.session(you()).await?.caller] {
        unknown(scene, "a read", &replica.view(&stranger, &id).await);
        unknown(scene, "a cancel", &replica.ask(&stranger, CancelTask::new(id.clone())).await);
        unknown(scene, "an answer", &replica.ask(&stranger, UpdateTask::new(id.clone(), BTreeMap::new())).await);
        unknown(scene, "a wait", &replica.ask(&stranger, WatchTask::new(id.clone())).await);
    }
    let view = replica.view(&caller(me()), &id).await?;
    scene.check(!view.status.is_terminal(), || format!("a stranger made it {:?}", view.status));
    Ok(())
}

async fn listed(replica: &Replica, caller: &Caller) -> Result<usize, Halt> {
    let (mut count, mut cursor) = (0, None);
    loop {
        let page = replica.ask(caller, ListTasks::new(cursor)).await?;
        count += page.tasks.len();
        cursor = page.next_cursor;
        if cursor.is_none() {
            return Ok(count);
        }
    }
}

async fn a_list_shows_the_callers_tasks_only(scene: &Scene) -> CaseResult {
    let stage = Stage::open(scene).await?;
    let replica = stage.replica(0).tools([held("hold", &Probe::default(), TaskPolicy::required())]).front().await?;
    for (principal, count) in [(me(), 3), (you(), 2)] {
        for _ in 0..count {
            replica.submit(&caller(principal.clone()), "hold").await?;
        }
    }
    scene.same("my tasks", &listed(&replica, &caller(me())).await?, &3);
    scene.same("your tasks", &listed(&replica, &caller(you())).await?, &2);
    scene.same("tasks of one who has none", &listed(&replica, &caller(user("i", "s"))).await?, &0);
    Ok(())
}

async fn anonymous_callers_of_two_sessions_never_see_each_others_tasks(scene: &Scene) -> CaseResult {
    let stage = Stage::open(scene).await?;
    let replica = stage.replica(0).tools([held("hold", &Probe::default(), TaskPolicy::required())]).front().await?;
    let one = replica.session(Principal::Anonymous).await?;
    let other = replica.session(Principal::Anonymous).await?;
    let id = replica.submit(&one.caller, "hold").await?.id;
    unknown(scene, "a read", &replica.view(&other.caller, &id).await);
    unknown(scene, "a cancel", &replica.ask(&other.caller, CancelTask::new(id.clone())).await);
    scene.same("listed in the other session", &listed(&replica, &other.caller).await?, &0);
    scene.same("listed in its own", &listed(&replica, &one.caller).await?, &1);
    Ok(())
}

async fn an_anonymous_caller_without_a_session_lists_nothing(scene: &Scene) -> CaseResult {
    let stage = Stage::open(scene).await?;
    let replica = stage.replica(0).tools([held("hold", &Probe::default(), TaskPolicy::required())]).front().await?;
    let anonymous = caller(Principal::Anonymous);
    let id = replica.submit(&anonymous, "hold").await?.id;
    replica.submit(&replica.session(Principal::Anonymous).await?.caller, "hold").await?;
    scene.same("listed", &listed(&replica, &anonymous).await?, &0);
    scene.same("reached by its id", &replica.view(&anonymous, &id).await?.id, &id);
    Ok(())
}

/// A submission of `tool` under an idempotency key.
async fn keyed(replica: &Replica, caller: &Caller, tool: &str, key: &str) -> Result<TaskView, CallError> {
    let meta = replica.runtime.config().idempotency_meta.clone();
    let call = call(tool, Value::Null).meta(Map::from_iter([(meta, json!(key))]));
    replica.submit_call(caller, call, AskedTtl::Default).await
}

async fn an_idempotency_key_is_its_owners(scene: &Scene) -> CaseResult {
    let stage = Stage::open(scene).await?;
    let tool = || held("hold", &Probe::default(), TaskPolicy::required());
    let (one, other) =
        (stage.replica(0).tools([tool()]).front().await?, stage.replica(1).tools([tool()]).front().await?);
    let mine = keyed(&one, &caller(me()), "hold", "key").await?.id;
    scene.same("asked again on another node", &keyed(&other, &caller(me()), "hold", "key").await?.id, &mine);
    let yours = keyed(&other, &caller(you()), "hold", "key").await?.id;
    scene.check(yours != mine, || "the key of one owner answered another with the task".to_owned());
    let anonymous = [one.session(Principal::Anonymous).await?, one.session(Principal::Anonymous).await?];
    let theirs = [
        keyed(&one, &anonymous[0].caller, "hold", "key").await?.id,
        keyed(&one, &anonymous[1].caller, "hold", "key").await?.id,
    ];
    scene.check(theirs[0] != theirs[1], || "two anonymous sessions share a key".to_owned());
    Ok(())
}

async fn an_idempotency_key_is_its_tools(scene: &Scene) -> CaseResult {
    let stage = Stage::open(scene).await?;
    let tool = |name| held(name, &Probe::default(), TaskPolicy::required());
    let replica = stage.replica(0).tools([tool("one"), tool("other")]).front().await?;
    let of_one = keyed(&replica, &caller(me()), "one", "key").await?.id;
    match keyed(&replica, &caller(me()), "other", "key").await {
        Ok(of_other) => scene.check(of_other.id != of_one, || "the key of one tool answered for another".to_owned()),
        Err(error) => scene.violation(format!("the key of one tool was taken for another's: {error}")),
    }
    Ok(())
}

async fn an_anonymous_caller_without_a_session_has_no_idempotency_keys(scene: &Scene) -> CaseResult {
    let stage = Stage::open(scene).await?;
    let probe = Probe::default();
    let replica = stage.replica(0).tools([held("hold", &probe, TaskPolicy::required())]).front().await?;
    let refused = keyed(&replica, &caller(Principal::Anonymous), "hold", "key").await;
    scene.check(matches!(refused, Err(CallError::InvalidParams(_))), || format!("{refused:?}"));
    Ok(())
}

async fn a_handle_is_its_principals_alone(scene: &Scene) -> CaseResult {
    let stage = Stage::open(scene).await?;
    let make = Tool::new("make", async |cx: Context, _: NoArgs| Ok(cx.create_handle(HOUR).await?));
    let read = Tool::new("read", async |cx: Context, arguments: Map<String, Value>| {
        let handle = cx.handle(arguments["id"].as_str().unwrap_or_default()).await?;
        Ok(format!("{:?}", handle.get::<Value>("key").await?))
    });
    let replica = stage.replica(0).tools([make, read]).front().await?;
    let owner = user("https://a.example", "ann");
    let made = replica.call(&caller(owner.clone()), "make", Value::Null, nobody()).await?;
    let arguments = json!({ "id": said(&made) });
    for (who, may) in [(owner, true), (user("https://b.example", "ann"), false), (you(), false)] {
        let read = replica.call(&caller(who.clone()), "read", arguments.clone(), nobody()).await?;
        scene.same(&format!("{who:?} is refused"), &read.is_error, &!may);
    }
    Ok(())
}
