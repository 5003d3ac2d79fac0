//! How long stored values live that no session ends: those of handles and of principals (C1, C6).

use std::time::Duration;

use fastestmcp_core::context::Caller;
use fastestmcp_core::operation::CallError;
use fastestmcp_core::principal::Principal;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::steps::{HOUR, MS, SECOND};
use super::verbs::{absent, act, verbs};
use crate::case::cases;
use crate::halt::CaseResult;
use crate::scene::Scene;
use crate::stage::{Replica, Stage, caller, me, user, you};

cases! { Runtime, "runtime.handles";
    "C6": what_is_set_in_a_handle_is_read_there_on_another_replica_and_nowhere_else,
    "C6": every_use_of_a_handle_gives_it_its_life_again,
    "C6": a_handle_that_is_not_used_ends_with_the_life_it_was_asked_for,
    "C6": a_handle_of_nobody_in_particular_has_an_end_that_no_use_moves,
    "C6": a_handle_of_nobody_in_particular_is_open_to_whoever_is_nobody,
    "C6": unknown_foreign_and_expired_handles_are_told_alike,
    "C1": every_use_gives_the_values_of_a_principal_their_life_again,
}

async fn what_is_set_in_a_handle_is_read_there_on_another_replica_and_nowhere_else(scene: &Scene) -> CaseResult {
    let stage = Stage::open(scene).await?;
    let (one, other) = (stage.replica(0).tools(verbs()).front().await?, stage.replica(1).tools(verbs()).front().await?);
    let me = caller(me());
    let (a, b) = (
        act(&one, &me, "make", json!({ "ms": 3_600_000 })).await?,
        act(&one, &me, "make", json!({ "ms": 1_000_000 })).await?,
    );
    scene.check(a != b && a.len() == 43, || format!("handles {a} and {b}"));
    act(&one, &me, "set", json!({ "handle": a, "key": "k", "value": "a" })).await?;
    scene.same("read", &act(&other, &me, "get", json!({ "handle": a, "key": "k" })).await?, &"\"a\"".to_owned());
    for elsewhere in [json!({ "handle": b, "key": "k" }), json!({ "key": "k" }), json!({ "app": a, "key": "k" })] {
        let found = act(&other, &me, "get", elsewhere.clone()).await?;
        scene.check(absent(&found), || format!("{found} is in {elsewhere}"));
    }
    act(&other, &me, "delete", json!({ "handle": a, "key": "k" })).await?;
    let found = act(&one, &me, "get", json!({ "handle": a, "key": "k" })).await?;
    scene.check(absent(&found), || format!("{found} was deleted"));
    Ok(())
}

/// Uses something in the way of `verb` again and again before its life is over, for more than twice that; whether it was
/// there each time. `None` if the machine was too slow for it.
async fn used(
    stage: &Stage,
    (replica, caller): (&Replica, &Caller),
    (verb, arguments): (&str, Value),
    (life, mut last_used): (Duration, Instant),
) -> Option<Result<String, CallError>> {
    let mut last = None;
    for _ in 0..6 {
        stage.pass(life * 9 / 20).await;
        let begun = Instant::now();
        let answer = act(replica, caller, verb, arguments.clone()).await;
        // The life that a use gives may be a tenth shorter.
        if last_used.elapsed() >= life * 9 / 10 {
            return None;
        }
        last_used = begun;
        if answer.is_err() {
            return Some(answer);
        }
        last = Some(answer);
    }
    last
}

async fn every_use_of_a_handle_gives_it_its_life_again(scene: &Scene) -> CaseResult {
    let stage = Stage::open(scene).await?;
    let (me, life) = (caller(me()), SECOND);
    let replica = stage.replica(0).tools(verbs()).front().await?;
    let each = ["get", "set", "add"].map(async |verb| {
        let begun = Instant::now();
        let id = act(&replica, &me, "make", json!({ "ms": 1_000 })).await?;
        let arguments = json!({ "handle": id, "key": "k", "value": 1 });
        act(&replica, &me, "set", arguments.clone()).await?;
        if let Some(last) = used(&stage, (&replica, &me), (verb, arguments.clone()), (life, begun)).await {
            scene.check(last.is_ok(), || format!("{verb} did not keep it alive: {last:?}"));
        }
        stage.pass(life + MS * 20).await;
        let gone = act(&replica, &me, verb, arguments).await;
        scene.check(gone.is_err(), || format!("it outlived its life after {verb}"));
        Ok::<_, CallError>(())
    });
    futures_util::future::try_join_all(each).await?;
    Ok(())
}

async fn a_handle_that_is_not_used_ends_with_the_life_it_was_asked_for(scene: &Scene) -> CaseResult {
    let stage = Stage::open(scene).await?;
    let replica = stage.replica(0).tools(verbs()).front().await?;
    let me = caller(me());
    let begun = Instant::now();
    let short = act(&replica, &me, "make", json!({ "ms": 400 })).await?;
    let long = act(&replica, &me, "make", json!({ "ms": 3_600_000 })).await?;
    stage.pass(MS * 200).await;
    let open = act(&replica, &me, "delete", json!({ "handle": short, "key": "k" })).await;
    let in_time = begun.elapsed() < MS * 400;
    scene.check(open.is_ok() || !in_time, || format!("after half of its life: {open:?}"));
    stage.pass(MS * 420).await;
    let gone = act(&replica, &me, "get", json!({ "handle": short, "key": "k" })).await;
    scene.check(gone.is_err(), || "it outlived the life it was asked for".to_owned());
    let open = act(&replica, &me, "get", json!({ "handle": long, "key": "k" })).await;
    scene.check(open.is_ok(), || format!("one that was asked for an hour: {open:?}"));
    for ms in [0_u64, u64::MAX] {
        let refused = act(&replica, &me, "make", json!({ "ms": ms })).await;
        scene.check(matches!(refused, Err(CallError::InvalidParams(_))), || format!("{ms} ms: {refused:?}"));
    }
    Ok(())
}

async fn a_handle_of_nobody_in_particular_has_an_end_that_no_use_moves(scene: &Scene) -> CaseResult {
    let stage = Stage::open(scene).await?;
    let longest = SECOND;
    let config = stage.replica(0).config(|config| config.anonymous_handle_max(longest));
    let replica = config.tools(verbs()).front().await?;
    let (mut handles, begun) = (Vec::new(), Instant::now());
    for who in [caller(Principal::Anonymous), caller(me())] {
        let id = act(&replica, &who, "make", json!({ "ms": HOUR.as_millis() })).await?;
        handles.push((who, json!({ "handle": id, "key": "k", "value": 1 })));
    }
    for _ in 0..4 {
        for (who, arguments) in &handles {
            let open = act(&replica, who, "set", arguments.clone()).await;
            let in_time = begun.elapsed() < longest;
            scene.check(open.is_ok() || !in_time, || format!("before its end: {open:?}"));
        }
        stage.pass(longest / 4 + MS * 10).await;
    }
    let open = act(&replica, &handles[1].0, "get", handles[1].1.clone()).await;
    scene.check(open.is_ok(), || format!("somebody's: {open:?}"));
    let gone = act(&replica, &handles[0].0, "get", handles[0].1.clone()).await;
    scene.check(gone.is_err(), || "nobody's lives on with its uses".to_owned());
    Ok(())
}

async fn a_handle_of_nobody_in_particular_is_open_to_whoever_is_nobody(scene: &Scene) -> CaseResult {
    let stage = Stage::open(scene).await?;
    let (one, other) = (stage.replica(0).tools(verbs()).front().await?, stage.replica(1).tools(verbs()).front().await?);
    let anonymous = caller(Principal::Anonymous);
    let id = act(&one, &anonymous, "make", json!({ "ms": 60_000 })).await?;
    act(&one, &anonymous, "set", json!({ "handle": id, "key": "k", "value": 1 })).await?;
    let in_session = one.session(Principal::Anonymous).await?.caller;
    for nobody in [&anonymous, &in_session] {
        let found = act(&other, nobody, "get", json!({ "handle": id, "key": "k" })).await;
        scene.check(matches!(found.as_deref(), Ok("1")), || format!("{found:?}"));
    }
    let refused = act(&other, &caller(me()), "get", json!({ "handle": id, "key": "k" })).await;
    scene.check(refused.is_err(), || "somebody opened it".to_owned());
    Ok(())
}

async fn unknown_foreign_and_expired_handles_are_told_alike(scene: &Scene) -> CaseResult {
    let stage = Stage::open(scene).await?;
    let replica = stage.replica(0).tools(verbs()).front().await?;
    let ann = caller(user("https://a.example", "ann"));
    let foreign = act(&replica, &caller(you()), "make", json!({ "ms": 60_000 })).await?;
    let expired = act(&replica, &ann, "make", json!({ "ms": 20 })).await?;
    stage.pass(MS * 40).await;
    let mut told = Vec::new();
    for id in [&foreign, &expired, &"A".repeat(43), "", "no such handle"] {
        match act(&replica, &ann, "get", json!({ "handle": id, "key": "k" })).await {
            Err(CallError::InvalidParams(text)) => told.push(text),
            other => scene.violation(format!("{other:?}")),
        }
    }
    scene.check(told.iter().all(|text| *text == told[0]), || format!("{told:?}"));
    scene.check(told.iter().all(|text| text.contains("handle")), || format!("{told:?}"));
    Ok(())
}

async fn every_use_gives_the_values_of_a_principal_their_life_again(scene: &Scene) -> CaseResult {
    let stage = Stage::open(scene).await?;
    let life = SECOND;
    let config = stage.replica(0).config(|config| config.principal_ttl(life));
    let replica = config.tools(verbs()).front().await?;
    let each = ["get", "set", "add"].map(async |verb| {
        let (who, begun) = (caller(user("https://a.example", verb)), Instant::now());
        act(&replica, &who, "set", json!({ "key": "first", "value": 1 })).await?;
        if used(&stage, (&replica, &who), (verb, json!({ "key": "k", "value": 1 })), (life, begun)).await.is_some() {
            let found = act(&replica, &who, "get", json!({ "key": "first" })).await?;
            scene.check(!absent(&found), || format!("{verb} did not keep them alive"));
        }
        stage.pass(life + MS * 20).await;
        let found = act(&replica, &who, "get", json!({ "key": "first" })).await?;
        scene.check(absent(&found), || format!("they outlived their life after {verb}"));
        Ok::<_, CallError>(())
    });
    futures_util::future::try_join_all(each).await?;
    Ok(())
}
