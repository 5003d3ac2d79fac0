//! The state of a call that waits for its client between two requests: who may bring it back, with what, until when, and
//! how often (A3, T15).

use std::sync::Arc;

use fastestmcp_core::component::{Prompt, Tool};
use fastestmcp_core::context::{Context, ToolError};
use fastestmcp_core::operation::{CallError, CallOutcome, GetPrompt, Resume};
use fastestmcp_core::principal::Principal;
use futures_util::future::join_all;
use serde_json::{Map, Value, json};
use tokio::time::Instant;

use super::steps::{MS, SECOND, answer, answers, asked, damaged, gone_on, trip};
use crate::case::cases;
use crate::halt::{CaseResult, Halt};
use crate::scene::Scene;
use crate::stage::{Probe, Stage, call, caller, me, user, you};

cases! { Runtime, "runtime.suspended";
    "T15": a_suspended_call_goes_on_on_another_replica,
    "T15": what_was_recorded_on_one_leg_is_not_done_again_on_the_next,
    "T15": its_state_is_its_callers_alone,
    "T15": its_state_is_of_its_arguments_alone,
    "T15": its_state_is_of_its_component_alone,
    "T15": its_state_can_be_resumed_for_as_long_as_is_set_and_no_longer,
    "A3": a_state_that_was_altered_cut_or_made_up_is_refused,
    "A3": a_small_state_costs_no_store_call,
    "A3": a_state_too_large_to_carry_is_kept_in_the_store,
    "A3": a_state_that_is_kept_in_the_store_is_good_for_one_use,
    "A3": nobody_else_uses_up_a_state_that_is_kept_in_the_store,
}

/// Bytes of the state that a client carries at most.
const MOST: usize = 16 << 10;

/// A trip with more luggage than its client can carry, packed once.
fn heavy(packed: &Probe) -> Tool {
    Tool::with_state("heavy", packed.clone(), async |packed: Probe, cx: Context, arguments: Map<String, Value>| {
        let pack = || async {
            drop(packed.start());
            Ok("x".repeat(MOST + 4_096))
        };
        let luggage = cx.once("luggage", pack).await?;
        cx.sample("ok", json!({ "messages": [] })).await?;
        Ok(format!("{} {}", arguments["city"].as_str().unwrap_or_default(), luggage.len()))
    })
}

fn refused(scene: &Scene, what: &str, gone: &Result<String, CallError>) {
    let is = matches!(gone, Err(CallError::InvalidParams(_)));
    scene.check(is, || format!("{what}: {gone:?} instead of a state that is not valid"));
}

async fn a_suspended_call_goes_on_on_another_replica(scene: &Scene) -> CaseResult {
    let stage = Stage::open(scene).await?;
    let tools = || [trip("trip"), heavy(&Probe::default())];
    let one = stage.replica(0).tools(tools()).front().await?;
    let other = stage.replica(1).tools(tools()).front().await?;
    for (tool, text) in [("trip", "Rome".to_owned()), ("heavy", format!("Rome {}", MOST + 4_096))] {
        let rome = || call(tool, json!({ "city": "Rome" }));
        let state = asked(&one, &caller(me()), rome()).await?;
        scene.same(tool, &gone_on(&other, &caller(me()), rome(), &state).await?, &text);
    }
    Ok(())
}

async fn what_was_recorded_on_one_leg_is_not_done_again_on_the_next(scene: &Scene) -> CaseResult {
    let stage = Stage::open(scene).await?;
    let done = Probe::default();
    let steps = || {
        Tool::with_state("steps", done.clone(), async |done: Probe, cx: Context, _: Map<String, Value>| {
            for key in ["a", "b", "c"] {
                let step = || async {
                    drop(done.start());
                    Ok::<_, ToolError>(key.to_owned())
                };
                cx.once(key, step).await?;
                cx.sample(key, json!({ "messages": [] })).await?;
            }
            Ok("done")
        })
    };
    let replicas = [stage.replica(0).tools([steps()]).front().await?, stage.replica(1).tools([steps()]).front().await?];
    let mut state = asked(&replicas[0], &caller(me()), call("steps", Value::Null)).await?;
    for (leg, key) in ["a", "b", "c"].into_iter().enumerate() {
        scene.same("steps done", &done.starts(), &(leg + 1));
        let resume = Resume { state: Some(state.clone()), answers: answers(&[(key, answer())]) };
        let next = call("steps", Value::Null).resume(resume);
        match replicas[(leg + 1) % 2].ask(&caller(me()), next).await? {
            CallOutcome::InputRequired { state: next, requests } => {
                state = next;
                scene.same("asked at once", &requests.len(), &1);
                scene.check(!requests.contains_key(key), || format!("{key} is asked again"));
            }
            CallOutcome::Complete(_) => scene.same("the last leg", &leg, &2),
            other => return Err(Halt::Wrong(format!("{other:?}"))),
        }
    }
    scene.same("steps done", &done.starts(), &3);
    Ok(())
}

async fn its_state_is_its_callers_alone(scene: &Scene) -> CaseResult {
    let stage = Stage::open(scene).await?;
    let replica = stage.replica(0).tools([trip("trip")]).front().await?;
    let anonymous = [replica.session(Principal::Anonymous).await?, replica.session(Principal::Anonymous).await?];
    let callers = [
        caller(me()),
        caller(you()),
        caller(user("https://a.example", "ann")),
        caller(user("https://b.example", "ann")),
        anonymous[0].caller.clone(),
        anonymous[1].caller.clone(),
        caller(Principal::Anonymous),
    ];
    let rome = || call("trip", json!({ "city": "Rome" }));
    for (of, owner) in callers.iter().enumerate() {
        let state = asked(&replica, owner, rome()).await?;
        for (by, stranger) in callers.iter().enumerate().filter(|(by, _)| *by != of) {
            refused(
                scene,
                &format!("the state of caller {of}, by {by}"),
                &gone_on(&replica, stranger, rome(), &state).await,
            );
        }
        let own = gone_on(&replica, owner, rome(), &state).await;
        scene.check(own.is_ok(), || format!("caller {of} is refused its own: {own:?}"));
    }
    Ok(())
}

async fn its_state_is_of_its_arguments_alone(scene: &Scene) -> CaseResult {
    let stage = Stage::open(scene).await?;
    let replica = stage.replica(0).tools([trip("trip")]).front().await?;
    let trip = |arguments: Value| call("trip", arguments);
    let state = asked(&replica, &caller(me()), trip(json!({ "city": "Rome", "days": 2 }))).await?;
    for other in
        [json!({ "city": "Paris", "days": 2 }), json!({ "city": "Rome", "days": 3 }), json!({ "city": "Rome" })]
    {
        let gone = gone_on(&replica, &caller(me()), trip(other.clone()), &state).await;
        refused(scene, &format!("asked for Rome, resumed with {other}"), &gone);
    }
    let same: Value = serde_json::from_str(r#"{ "days": 2, "city": "Rome" }"#).unwrap_or_default();
    let gone = gone_on(&replica, &caller(me()), trip(same), &state).await?;
    scene.same("the same in another order", &gone, &"Rome".to_owned());
    Ok(())
}

async fn its_state_is_of_its_component_alone(scene: &Scene) -> CaseResult {
    let stage = Stage::open(scene).await?;
    let prompt = Prompt::new("trip", async |cx: Context, _: Map<String, Value>| {
        cx.sample("ok", json!({ "messages": [] })).await?;
        Ok("Go.")
    });
    let replica = stage.replica(0).tools([trip("trip"), trip("flight")]).prompt(prompt).front().await?;
    let (me, arguments) = (caller(me()), json!({ "city": "Rome" }));
    let state = asked(&replica, &me, call("trip", arguments.clone())).await?;
    refused(scene, "another tool", &gone_on(&replica, &me, call("flight", arguments.clone()), &state).await);
    // The same name and arguments.
    let get = GetPrompt::new("trip", arguments.as_object().cloned().unwrap_or_default());
    let resume = |state| Resume { state: Some(state), answers: answers(&[("ok", answer())]) };
    let gone = replica.ask(&me, get.clone().resume(resume(state))).await;
    refused(scene, "a prompt", &gone.map(|_| "gone on".to_owned()));
    match replica.ask(&me, get.clone()).await? {
        CallOutcome::InputRequired { state, .. } => {
            refused(scene, "a prompt's", &gone_on(&replica, &me, call("trip", arguments), &state).await);
            let gone = replica.ask(&me, get.resume(resume(state))).await?;
            scene.check(matches!(gone, CallOutcome::Complete(_)), || "the prompt does not go on".to_owned());
        }
        other => scene.violation(format!("the prompt was not suspended: {other:?}")),
    }
    Ok(())
}

async fn its_state_can_be_resumed_for_as_long_as_is_set_and_no_longer(scene: &Scene) -> CaseResult {
    let stage = Stage::open(scene).await?;
    let within = SECOND;
    let tools = [trip("trip"), heavy(&Probe::default())];
    let replica = stage.replica(0).config(|config| config.resume_within(within)).tools(tools).front().await?;
    for tool in ["trip", "heavy"] {
        let rome = || call(tool, json!({ "city": "Rome" }));
        let begun = Instant::now();
        let (one, other) =
            (asked(&replica, &caller(me()), rome()).await?, asked(&replica, &caller(me()), rome()).await?);
        stage.pass(within / 2).await;
        let gone = gone_on(&replica, &caller(me()), rome(), &one).await;
        let in_time = begun.elapsed() < within;
        scene.check(gone.is_ok() || !in_time, || format!("{tool}: after half of its time it is refused: {gone:?}"));
        stage.pass(within / 2 + MS * 20).await;
        refused(scene, &format!("{tool}: too late"), &gone_on(&replica, &caller(me()), rome(), &other).await);
    }
    Ok(())
}

async fn a_state_that_was_altered_cut_or_made_up_is_refused(scene: &Scene) -> CaseResult {
    let stage = Stage::open(scene).await?;
    let replica = stage.replica(0).tools([trip("trip")]).front().await?;
    let rome = || call("trip", json!({ "city": "Rome" }));
    let state = asked(&replica, &caller(me()), rome()).await?;
    for (what, damaged) in damaged(&state) {
        refused(scene, &what, &gone_on(&replica, &caller(me()), rome(), &damaged).await);
    }
    Ok(())
}

async fn a_small_state_costs_no_store_call(scene: &Scene) -> CaseResult {
    let stage = Stage::open(scene).await?;
    let replica = stage.replica(0).tools([trip("trip")]).front().await?;
    // A session brings what it is shown along.
    let session = replica.session(me()).await?;
    let rome = || call("trip", json!({ "city": "Rome" }));
    let before = ["load", "commit", "insert", "get"].map(|operation| replica.faults.count(operation));
    let state = asked(&replica, &session.caller, rome()).await?;
    gone_on(&replica, &session.caller, rome(), &state).await?;
    let after = ["load", "commit", "insert", "get"].map(|operation| replica.faults.count(operation));
    scene.same("store calls", &after, &before);
    Ok(())
}

async fn a_state_too_large_to_carry_is_kept_in_the_store(scene: &Scene) -> CaseResult {
    let stage = Stage::open(scene).await?;
    let packed = Probe::default();
    let replica = stage.replica(0).tools([heavy(&packed)]).front().await?;
    let rome = || call("heavy", json!({ "city": "Rome" }));
    let state = asked(&replica, &caller(me()), rome()).await?;
    scene.check(state.len() <= MOST, || format!("the client is to carry {} bytes", state.len()));
    let gone = gone_on(&replica, &caller(me()), rome(), &state).await?;
    scene.same("gone on", &gone, &format!("Rome {}", MOST + 4_096));
    scene.same("packed", &packed.starts(), &1);
    Ok(())
}

async fn a_state_that_is_kept_in_the_store_is_good_for_one_use(scene: &Scene) -> CaseResult {
    let stage = Stage::open(scene).await?;
    let replica = async |index| stage.replica(index).tools([heavy(&Probe::default())]).front().await;
    let replicas = [replica(0).await?, replica(1).await?];
    let rome = || call("heavy", json!({ "city": "Rome" }));
    for _ in 0..scene.times(3) {
        let state = Arc::new(asked(&replicas[0], &caller(me()), rome()).await?);
        let uses = (0..6).map(|index| {
            let (replica, state) = (&replicas[index % 2], state.clone());
            async move { gone_on(replica, &caller(me()), rome(), &state).await }
        });
        let gone = join_all(uses).await;
        scene.same("of six uses at once, gone on", &gone.iter().filter(|gone| gone.is_ok()).count(), &1);
        for gone in gone.iter().filter(|gone| gone.is_err()) {
            refused(scene, "one of the others", gone);
        }
        refused(scene, "used once more", &gone_on(&replicas[1], &caller(me()), rome(), &state).await);
    }
    Ok(())
}

async fn nobody_else_uses_up_a_state_that_is_kept_in_the_store(scene: &Scene) -> CaseResult {
    let stage = Stage::open(scene).await?;
    let replica = stage.replica(0).tools([heavy(&Probe::default())]).front().await?;
    let heavy = |city: &str| call("heavy", json!({ "city": city }));
    let state = asked(&replica, &caller(me()), heavy("Rome")).await?;
    refused(scene, "a stranger", &gone_on(&replica, &caller(you()), heavy("Rome"), &state).await);
    refused(scene, "with other arguments", &gone_on(&replica, &caller(me()), heavy("Paris"), &state).await);
    let gone = gone_on(&replica, &caller(me()), heavy("Rome"), &state).await;
    scene.check(gone.is_ok(), || format!("its caller finds it used up: {gone:?}"));
    Ok(())
}
