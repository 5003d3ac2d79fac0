//! Stored values as handlers see them: whose they are, what shadows them, and what fails (C1–C4).

use fastestmcp_core::component::{NoArgs, TaskPolicy, Tool};
use fastestmcp_core::context::{Context, ContextError};
use fastestmcp_core::operation::CallError;
use fastestmcp_core::principal::Principal;
use futures_util::future::try_join_all;
use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use super::steps::{SECOND, nobody, said};
use super::verbs::{absent, act, verbs};
use crate::case::cases;
use crate::halt::{CaseResult, Halt};
use crate::scene::Scene;
use crate::stage::{Fault, Replica, Session, Stage, caller, me, text, user, you};

cases! { Runtime, "runtime.values";
    "C1": what_one_call_sets_the_next_of_its_scope_reads_on_another_replica_and_nobody_else,
    "C1": values_of_the_server_are_the_same_for_all_and_apart_by_name,
    "C1": who_has_no_values_is_told_of_handles,
    "C1": a_task_works_on_the_values_of_whoever_submitted_it,
    "C2": a_request_local_value_is_of_its_call_alone_and_costs_no_store_call,
    "C2": a_stored_write_removes_what_shadows_it_and_a_delete_removes_both,
    "C3": a_value_that_does_not_serialize_changes_nothing,
    "C3": a_store_that_fails_is_an_error_and_ends_no_session,
    "C4": updates_from_many_callers_and_replicas_lose_none_and_none_fails,
    "C4": updates_of_one_key_on_one_replica_cost_each_other_nothing,
    "C4": an_update_that_was_perhaps_written_is_not_made_twice,
}

async fn what_one_call_sets_the_next_of_its_scope_reads_on_another_replica_and_nobody_else(
    scene: &Scene,
) -> CaseResult {
    let stage = Stage::open(scene).await?;
    let (one, other) = (stage.replica(0).tools(verbs()).front().await?, stage.replica(1).tools(verbs()).front().await?);
    let mut callers = vec![caller(me()), caller(you()), caller(user("i", "s")), caller(user("s", "i"))];
    for principal in [me(), me(), Principal::Anonymous, Principal::Anonymous] {
        callers.push(one.session(principal).await?.caller);
    }
    for (index, who) in callers.iter().enumerate() {
        let found = act(&other, who, "get", json!({ "key": "k" })).await?;
        scene.check(absent(&found), || format!("caller {index} sees {found} of somebody else"));
        act(&one, who, "set", json!({ "key": "k", "value": index })).await?;
    }
    for (index, who) in callers.iter().enumerate() {
        for replica in [&other, &one] {
            let found = act(replica, who, "get", json!({ "key": "k" })).await?;
            scene.same(&format!("what caller {index} has"), &found, &index.to_string());
        }
        let found = act(&other, who, "get", json!({ "app": "k", "key": "k" })).await?;
        scene.check(absent(&found), || format!("the server has {found}"));
        act(&other, who, "delete", json!({ "key": "k" })).await?;
        let found = act(&one, who, "get", json!({ "key": "k" })).await?;
        scene.check(absent(&found), || format!("caller {index} deleted {found}"));
    }
    Ok(())
}

async fn values_of_the_server_are_the_same_for_all_and_apart_by_name(scene: &Scene) -> CaseResult {
    let stage = Stage::open(scene).await?;
    let (one, other) = (stage.replica(0).tools(verbs()).front().await?, stage.replica(1).tools(verbs()).front().await?);
    let names = ["a", "b", "a/b", "", "a\0"];
    for name in names {
        let found = act(&other, &caller(you()), "get", json!({ "app": name, "key": "k" })).await?;
        scene.check(absent(&found), || format!("{name:?} has {found} before anything was set"));
        act(&one, &caller(me()), "set", json!({ "app": name, "key": "k", "value": name })).await?;
    }
    let session = one.session(Principal::Anonymous).await?;
    for who in [caller(you()), caller(Principal::Anonymous), session.caller] {
        for name in names {
            let found = act(&other, &who, "get", json!({ "app": name, "key": "k" })).await?;
            scene.same(&format!("under {name:?}"), &found, &json!(name).to_string());
        }
    }
    Ok(())
}

async fn who_has_no_values_is_told_of_handles(scene: &Scene) -> CaseResult {
    let stage = Stage::open(scene).await?;
    let local = Tool::new("local", async |cx: Context, _: NoArgs| {
        cx.set_request_local("k", 7_u32);
        let got = cx.get_state::<u32>("k").await?;
        cx.delete_state("k").await?;
        let no_state = matches!(cx.delete_state("k").await, Err(ContextError::NoState));
        Ok(format!("{got:?} {no_state}"))
    });
    let replica = stage.replica(0).tools(verbs()).tools([local]).front().await?;
    let anonymous = caller(Principal::Anonymous);
    for verb in ["get", "set", "add", "delete"] {
        match act(&replica, &anonymous, verb, json!({ "key": "k", "value": 1 })).await {
            Err(CallError::InvalidParams(told)) => {
                scene.check(told.contains("handle"), || format!("{verb}: told {told:?}, and not of handles"));
            }
            other => scene.violation(format!("{verb} of an anonymous caller without a session: {other:?}")),
        }
    }
    let output = replica.call(&anonymous, "local", Value::Null, nobody()).await?;
    scene.same("what is of the call", &said(&output).as_deref(), &Some("Some(7) true"));
    Ok(())
}

async fn a_task_works_on_the_values_of_whoever_submitted_it(scene: &Scene) -> CaseResult {
    let stage = Stage::open(scene).await?;
    let tools = || {
        let count = Tool::new("count", async |cx: Context, _: NoArgs| {
            Ok(cx.update_state("k", |n: Option<u64>| n.unwrap_or_default() + 1).await?.to_string())
        });
        [count.task(TaskPolicy::required())].into_iter().chain(verbs())
    };
    let front = stage.replica(0).tools(tools()).front().await?;
    let worker = stage.replica(1).tools(tools()).start().await?;
    for (before, who) in [(10, caller(me())), (20, front.session(me()).await?.caller)] {
        act(&front, &who, "set", json!({ "key": "k", "value": before })).await?;
        let task = front.submit(&who, "count").await?;
        let outcome = stage.in_time("the task", worker.outcome(&who, &task.id)).await??;
        let after = (before + 1).to_string();
        scene.same("what the task says", &text(&outcome), &Some(&*after));
        scene.same("what is there then", &act(&front, &who, "get", json!({ "key": "k" })).await?, &after);
    }
    Ok(())
}

/// The result of the tool that a case is all about, in a new session.
async fn run(replica: &Replica) -> Result<(String, Session), Halt> {
    let session = replica.session(me()).await?;
    let output = replica.call(&session.caller, "tool", Value::Null, nobody()).await?;
    Ok((said(&output).unwrap_or_default(), session))
}

async fn a_request_local_value_is_of_its_call_alone_and_costs_no_store_call(scene: &Scene) -> CaseResult {
    #[derive(Clone, Debug, PartialEq)]
    struct NotSerializable(u8);
    let tool = Tool::new("tool", async |cx: Context, _: NoArgs| {
        let before = cx.request_local::<NotSerializable>("k")?;
        cx.set_request_local("k", NotSerializable(1));
        let got = cx.request_local::<NotSerializable>("k")?;
        let other_type = cx.get_state::<u32>("k").await;
        let other_type = matches!(other_type, Err(ContextError::LocalType(_)));
        cx.set_request_local("n", 5_u32);
        let n = cx.get_state::<u32>("n").await?;
        Ok(format!("{before:?} {got:?} {other_type} {n:?}"))
    });
    let stage = Stage::open(scene).await?;
    let replica = stage.replica(0).tools(verbs()).tools([tool]).front().await?;
    let session = replica.session(me()).await?;
    let counted = || ["load", "commit"].map(|operation| replica.faults.count(operation));
    let before = counted();
    for _ in 0..2 {
        let output = replica.call(&session.caller, "tool", Value::Null, nobody()).await?;
        let want = "None Some(NotSerializable(1)) true Some(5)";
        scene.same("what is of the call", &said(&output).as_deref(), &Some(want));
    }
    scene.same("store calls", &counted(), &before);
    let stored = act(&replica, &session.caller, "get", json!({ "key": "n" })).await?;
    scene.check(absent(&stored), || format!("{stored} was stored"));
    Ok(())
}

async fn a_stored_write_removes_what_shadows_it_and_a_delete_removes_both(scene: &Scene) -> CaseResult {
    let stage = Stage::open(scene).await?;
    let tool = Tool::new("tool", async |cx: Context, _: NoArgs| {
        let mut seen = Vec::new();
        cx.set_state("k", &1).await?;
        cx.set_request_local("k", 2);
        seen.push(cx.get_state::<i32>("k").await?);
        cx.set_state("k", &3).await?;
        seen.push(cx.get_state::<i32>("k").await?);
        cx.set_request_local("k", 40);
        cx.update_state("k", |n: Option<i32>| n.unwrap_or_default() + 1).await?;
        seen.push(cx.get_state::<i32>("k").await?);
        cx.set_request_local("k", 50);
        cx.delete_state("k").await?;
        seen.push(cx.get_state::<i32>("k").await?);
        Ok(format!("{seen:?}"))
    });
    let replica = stage.replica(0).tools([tool]).front().await?;
    let (seen, _) = run(&replica).await?;
    scene.same("seen", &&*seen, &"[Some(2), Some(3), Some(4), None]");
    Ok(())
}

/// What cannot be stored.
struct Unstorable;

impl Serialize for Unstorable {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(serde::ser::Error::custom("on purpose"))
    }
}

async fn a_value_that_does_not_serialize_changes_nothing(scene: &Scene) -> CaseResult {
    let stage = Stage::open(scene).await?;
    let tool = Tool::new("tool", async |cx: Context, _: NoArgs| {
        let deep = (0..101).fold(json!(1), |inner, _| json!([inner]));
        for state in [cx.state()?, cx.app_state("a")] {
            state.set("k", &1).await?;
            let refused = [
                state.set("k", &Unstorable).await.err(),
                state.update("k", |_: Option<i32>| Unstorable).await.err(),
                state.set("k", &deep).await.err(),
                state.update("k", |_: Option<i32>| deep.clone()).await.err(),
            ];
            if !refused.iter().all(|error| matches!(error, Some(ContextError::NotSerializable(_)))) {
                return Ok(format!("{refused:?}"));
            }
        }
        cx.set_request_local("k", 2);
        let refused = cx.set_state("k", &Unstorable).await.is_err();
        Ok(format!("{refused} {:?} {:?}", cx.get_state::<i32>("k").await?, cx.app_state("a").get::<i32>("k").await?))
    });
    let replica = stage.replica(0).tools(verbs()).tools([tool]).front().await?;
    let (seen, session) = run(&replica).await?;
    scene.same("seen", &&*seen, &"true Some(2) Some(1)");
    scene.same("what is stored", &act(&replica, &session.caller, "get", json!({ "key": "k" })).await?, &"1".to_owned());
    Ok(())
}

async fn a_store_that_fails_is_an_error_and_ends_no_session(scene: &Scene) -> CaseResult {
    let stage = Stage::open(scene).await?;
    let replica = stage.replica(0).tools(verbs()).front().await?;
    let session = replica.session(me()).await?;
    act(&replica, &session.caller, "set", json!({ "key": "k", "value": 1 })).await?;
    for (verb, operation) in
        [("get", "load"), ("set", "commit"), ("add", "load"), ("add", "commit"), ("delete", "commit")]
    {
        replica.faults.set(operation, Fault::Fail(1));
        let failed = act(&replica, &session.caller, verb, json!({ "key": "k", "value": 2 })).await;
        scene.check(matches!(failed, Err(CallError::Store(_))), || {
            format!("{verb} while the store fails {operation}: {failed:?}")
        });
        replica.faults.clear(operation);
        let kept = act(&replica, &session.caller, "get", json!({ "key": "k" })).await?;
        scene.same(&format!("after a failed {verb}"), &kept, &"1".to_owned());
    }
    replica.faults.go_away();
    let open = replica.runtime.sessions().open(&me(), &session.id).await;
    scene.check(open.is_err(), || "a store that fails says that there is no session".to_owned());
    replica.faults.come_back();
    let open = replica.runtime.sessions().open(&me(), &session.id).await?;
    scene.check(open.is_some(), || "the session ended with the store's failure".to_owned());
    Ok(())
}

async fn updates_from_many_callers_and_replicas_lose_none_and_none_fails(scene: &Scene) -> CaseResult {
    let stage = Stage::open(scene).await?;
    let replicas = [stage.replica(0).tools(verbs()).front().await?, stage.replica(1).tools(verbs()).front().await?];
    let (who, each) = (replicas[0].session(me()).await?.caller, scene.times(25));
    for arguments in [json!({ "key": "n" }), json!({ "app": "a", "key": "n" })] {
        let updates = (0..2 * each).map(|index| act(&replicas[index % 2], &who, "add", arguments.clone()));
        let mut made: Vec<_> = stage.in_time("all updates", try_join_all(updates)).await??;
        made.sort_by_key(|value| value.parse::<usize>().unwrap_or_default());
        let want: Vec<_> = (1..=2 * each).map(|value| value.to_string()).collect();
        scene.same("what they made of it", &made, &want);
        let left = act(&replicas[0], &who, "get", arguments).await?;
        scene.same("what is left", &left, &(2 * each).to_string());
    }
    Ok(())
}

async fn updates_of_one_key_on_one_replica_cost_each_other_nothing(scene: &Scene) -> CaseResult {
    let stage = Stage::open(scene).await?;
    let replica = stage.replica(0).tools(verbs()).front().await?;
    let who = replica.session(me()).await?.caller;
    let before = replica.faults.count("commit");
    let updates = (0..30).map(|_| act(&replica, &who, "add", json!({ "key": "n" })));
    stage.within(SECOND * 10, "all updates", try_join_all(updates)).await??;
    scene.same("attempts", &(replica.faults.count("commit") - before), &30);
    Ok(())
}

async fn an_update_that_was_perhaps_written_is_not_made_twice(scene: &Scene) -> CaseResult {
    let stage = Stage::open(scene).await?;
    let replica = stage.replica(0).tools(verbs()).front().await?;
    let who = replica.session(me()).await?.caller;
    replica.faults.set("commit", Fault::LoseReply(1));
    let lost = act(&replica, &who, "add", json!({ "key": "n" })).await;
    scene.check(matches!(lost, Err(CallError::Store(_))), || format!("{lost:?}"));
    scene.same("what is there", &act(&replica, &who, "get", json!({ "key": "n" })).await?, &"1".to_owned());
    Ok(())
}
