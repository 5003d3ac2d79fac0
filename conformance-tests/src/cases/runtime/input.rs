//! What tasks ask their client (T7).

use std::time::Duration;

use fastestmcp_core::component::{NoArgs, TaskPolicy, Tool};
use fastestmcp_core::context::{Caller, Context};
use fastestmcp_core::operation::CallError;
use fastestmcp_core::task::{ClientAbilities, OnInputTimeout, TaskStatus};
use serde_json::json;

use super::questions::{accept, answer, ask, asking, form, open, outcome};
use super::steps::{HOUR, MS, SECOND, held};
use crate::case::cases;
use crate::halt::CaseResult;
use crate::scene::Scene;
use crate::stage::{Fault, LEASE, Probe, Stage, caller, me, reason, text};

cases! { Runtime, "runtime.input";
    "T7": answers_reach_a_task_from_any_node_and_in_parts,
    "T7": an_answer_that_does_not_fit_is_refused_and_the_task_goes_on_waiting,
    "T7": bounds_are_inclusive_and_lengths_are_of_characters,
    "T7": keys_that_are_unknown_or_answered_are_ignored,
    "T7": an_answer_whose_wake_up_is_lost_is_learnt_at_the_next_renewal,
    "T7": every_question_has_its_whole_time_after_an_answer,
    "T7": every_question_has_its_whole_time_after_a_timeout,
    "T7": a_question_that_comes_while_another_is_open_has_its_whole_time,
    "T7": a_question_that_nobody_answers_is_declined_or_fails_its_task,
    "T7": what_may_rerun_is_parked_and_frees_its_slot,
    "T7": what_never_reruns_keeps_its_slot,
    "T7": a_wait_is_no_attempt,
    "T7": what_the_client_did_not_declare_is_not_asked,
    "T7": a_key_of_another_question_fails_the_task,
    "R1": a_wait_is_not_in_the_run_timeout,
}

async fn answers_reach_a_task_from_any_node_and_in_parts(scene: &Scene) -> CaseResult {
    let stage = Stage::open(scene).await?;
    for policy in [TaskPolicy::required(), TaskPolicy::required().rerun()] {
        let tool = || {
            Tool::new("both", async |cx: Context, _: NoArgs| {
                let (one, other) = tokio::join!(ask(&cx, "one"), ask(&cx, "other"));
                Ok(format!("{} {}", one?, other?))
            })
            .task(policy.clone())
        };
        let one = stage.replica(0).tools([tool()]).start().await?;
        let other = stage.replica(1).tools([tool()]).front().await?;
        let id = one.submit(&caller(me()), "both").await?.id;
        open(&stage, &other, &id, &["one", "other"]).await?;
        scene.same("its status", &other.view(&caller(me()), &id).await?.status, &TaskStatus::InputRequired);
        answer(&other, &id, "other", accept(2)).await?;
        open(&stage, &one, &id, &["one"]).await?;
        scene.same("after a part", &one.view(&caller(me()), &id).await?.status, &TaskStatus::InputRequired);
        answer(&one, &id, "one", accept(1)).await?;
        scene.same("the answers", &text(&outcome(&stage, &one, &id).await?), &Some("1 2"));
        stage.in_time("the stop", one.runtime.shutdown()).await?;
    }
    Ok(())
}

async fn an_answer_that_does_not_fit_is_refused_and_the_task_goes_on_waiting(scene: &Scene) -> CaseResult {
    let (stage, probe) = (Stage::open(scene).await?, Probe::default());
    let replica = stage.replica(0).tools([asking("ask", &probe, &["key"], TaskPolicy::required())]).start().await?;
    let id = replica.submit(&caller(me()), "ask").await?.id;
    open(&stage, &replica, &id, &["key"]).await?;
    let wrong = [json!(1), json!({}), json!({ "action": "perhaps" }), json!({ "action": "accept" })];
    let fields = [json!({ "count": "1" }), json!({ "count": 1.5 }), json!({ "count": 1, "name": 7 })];
    let fields = fields.map(|content| json!({ "action": "accept", "content": content }));
    for wrong in wrong.into_iter().chain(fields) {
        let refused = answer(&replica, &id, "key", wrong.clone()).await;
        scene.check(matches!(refused, Err(CallError::InvalidAnswer(_))), || format!("{wrong}: {refused:?}"));
    }
    open(&stage, &replica, &id, &["key"]).await?;
    answer(&replica, &id, "key", accept(3)).await?;
    scene.same("the answer", &text(&outcome(&stage, &replica, &id).await?), &Some("3"));
    Ok(())
}

async fn bounds_are_inclusive_and_lengths_are_of_characters(scene: &Scene) -> CaseResult {
    let (stage, probe) = (Stage::open(scene).await?, Probe::default());
    let replica = stage.replica(0).tools([asking("ask", &probe, &["key"], TaskPolicy::required())]).start().await?;
    let tries = [
        (json!({ "count": 1 }), true),
        (json!({ "count": 9 }), true),
        (json!({ "count": 0 }), false),
        (json!({ "count": 10 }), false),
        (json!({ "count": 1, "name": "ää" }), true),
        (json!({ "count": 1, "name": "äöüß" }), true),
        (json!({ "count": 1, "name": "ä" }), false),
        (json!({ "count": 1, "name": "äöüße" }), false),
    ];
    for (content, fits) in tries {
        let id = replica.submit(&caller(me()), "ask").await?.id;
        open(&stage, &replica, &id, &["key"]).await?;
        let said = answer(&replica, &id, "key", json!({ "action": "accept", "content": content })).await;
        scene.same(&format!("{content} fits"), &said.is_ok(), &fits);
    }
    Ok(())
}

async fn keys_that_are_unknown_or_answered_are_ignored(scene: &Scene) -> CaseResult {
    let (stage, probe) = (Stage::open(scene).await?, Probe::default());
    let replica =
        stage.replica(0).tools([asking("ask", &probe, &["one", "other"], TaskPolicy::required())]).start().await?;
    let id = replica.submit(&caller(me()), "ask").await?.id;
    open(&stage, &replica, &id, &["one"]).await?;
    answer(&replica, &id, "other", accept(9)).await?;
    answer(&replica, &id, "one", accept(1)).await?;
    open(&stage, &replica, &id, &["other"]).await?;
    answer(&replica, &id, "one", accept(8)).await?;
    answer(&replica, &id, "one", json!("does not even fit")).await?;
    answer(&replica, &id, "other", accept(2)).await?;
    scene.same("the answers", &text(&outcome(&stage, &replica, &id).await?), &Some("1 2"));
    answer(&replica, &id, "one", accept(7)).await?;
    Ok(())
}

async fn an_answer_whose_wake_up_is_lost_is_learnt_at_the_next_renewal(scene: &Scene) -> CaseResult {
    let (stage, probe) = (Stage::open(scene).await?, Probe::default());
    let tool = || asking("ask", &probe, &["key"], TaskPolicy::required());
    let one = stage.replica(0).tools([tool()]).start().await?;
    let other = stage.replica(1).tools([tool()]).front().await?;
    let id = one.submit(&caller(me()), "ask").await?.id;
    open(&stage, &other, &id, &["key"]).await?;
    other.faults.set("wake", Fault::Swallow);
    answer(&other, &id, "key", accept(4)).await?;
    let over = async || Ok(one.record(&id).await?.is_some_and(|record| !record.head.open));
    stage.until(LEASE / 3 + MS * 50, "its end", over).await?;
    Ok(())
}

/// What the questions of these tasks wait for.
const TIME: Duration = Duration::from_secs(3);

/// Two questions, the first of which is answered so or not at all; the second in the last quarter of its time.
async fn each_has_its_time(scene: &Scene, first: Option<i64>, wanted: &str) -> CaseResult {
    let stage = Stage::open(scene).await?;
    for policy in [TaskPolicy::required(), TaskPolicy::required().rerun()] {
        let policy = policy.input_timeout(TIME, OnInputTimeout::Decline);
        let tool = asking("ask", &Probe::default(), &["one", "other"], policy);
        let replica = stage.replica(0).tools([tool]).start().await?;
        let id = replica.submit(&caller(me()), "ask").await?.id;
        open(&stage, &replica, &id, &["one"]).await?;
        if let Some(count) = first {
            stage.pass(TIME / 2).await;
            answer(&replica, &id, "one", accept(count)).await?;
        }
        open(&stage, &replica, &id, &["other"]).await?;
        stage.pass(TIME * 3 / 4).await;
        answer(&replica, &id, "other", accept(2)).await?;
        scene.same("the answers", &text(&outcome(&stage, &replica, &id).await?), &Some(wanted));
        stage.in_time("the stop", replica.runtime.shutdown()).await?;
    }
    Ok(())
}

async fn every_question_has_its_whole_time_after_an_answer(scene: &Scene) -> CaseResult {
    each_has_its_time(scene, Some(1), "1 2").await
}

async fn every_question_has_its_whole_time_after_a_timeout(scene: &Scene) -> CaseResult {
    each_has_its_time(scene, None, "\"decline\" 2").await
}

async fn a_question_that_comes_while_another_is_open_has_its_whole_time(scene: &Scene) -> CaseResult {
    let stage = Stage::open(scene).await?;
    let tool = Tool::new("ask", async |cx: Context, _: NoArgs| {
        let later = async {
            tokio::time::sleep(TIME / 2).await;
            ask(&cx, "later").await
        };
        let (one, later) = tokio::join!(ask(&cx, "one"), later);
        Ok(format!("{} {}", one?, later?))
    });
    let policy = TaskPolicy::required().input_timeout(TIME, OnInputTimeout::Decline);
    let replica = stage.replica(0).tools([tool.task(policy)]).start().await?;
    let id = replica.submit(&caller(me()), "ask").await?.id;
    open(&stage, &replica, &id, &["later", "one"]).await?;
    stage.pass(TIME * 3 / 4).await;
    answer(&replica, &id, "later", accept(2)).await?;
    answer(&replica, &id, "one", accept(1)).await?;
    scene.same("the answers", &text(&outcome(&stage, &replica, &id).await?), &Some("1 2"));
    Ok(())
}

async fn a_question_that_nobody_answers_is_declined_or_fails_its_task(scene: &Scene) -> CaseResult {
    let stage = Stage::open(scene).await?;
    for rerun in [false, true] {
        for (then, declined) in [(OnInputTimeout::Decline, true), (OnInputTimeout::Fail, false)] {
            let policy = TaskPolicy::required().input_timeout(SECOND / 2, then);
            let policy = if rerun { policy.rerun() } else { policy };
            let replica = stage.replica(0).tools([asking("ask", &Probe::default(), &["key"], policy)]).start().await?;
            let start = tokio::time::Instant::now();
            let id = replica.submit(&caller(me()), "ask").await?.id;
            let outcome = stage.within(SECOND * 2, "its end", replica.outcome(&caller(me()), &id)).await??;
            scene.check(start.elapsed() >= SECOND / 2, || format!("it ended after {:?}", start.elapsed()));
            if declined {
                scene.same("its outcome", &text(&outcome), &Some("\"decline\""));
            } else {
                scene.same("its reason", &reason(&outcome), &Some("input timeout"));
            }
            stage.in_time("the stop", replica.runtime.shutdown()).await?;
        }
    }
    Ok(())
}

async fn what_may_rerun_is_parked_and_frees_its_slot(scene: &Scene) -> CaseResult {
    let (stage, probe, other) = (Stage::open(scene).await?, Probe::default(), Probe::default());
    let tools = [
        asking("ask", &probe, &["key"], TaskPolicy::required().rerun()),
        held("hold", &other, TaskPolicy::required().rerun()),
    ];
    let replica = stage.replica(0).config(|config| config.worker_slots(1)).tools(tools).start().await?;
    let id = replica.submit(&caller(me()), "ask").await?.id;
    open(&stage, &replica, &id, &["key"]).await?;
    replica.submit(&caller(me()), "hold").await?;
    stage.until(SECOND, "the start of the other", async || Ok(other.starts() == 1)).await?;
    scene.same("handlers of what is parked", &probe.inside(), &0);
    answer(&replica, &id, "key", accept(5)).await?;
    other.let_one_through();
    scene.same("the answer", &text(&outcome(&stage, &replica, &id).await?), &Some("5"));
    scene.same("starts", &probe.starts(), &2);
    Ok(())
}

async fn what_never_reruns_keeps_its_slot(scene: &Scene) -> CaseResult {
    let (stage, probe, other) = (Stage::open(scene).await?, Probe::default(), Probe::default());
    let tools = [asking("ask", &probe, &["key"], TaskPolicy::required()), held("hold", &other, TaskPolicy::required())];
    let replica = stage.replica(0).config(|config| config.worker_slots(1)).tools(tools).start().await?;
    let id = replica.submit(&caller(me()), "ask").await?.id;
    open(&stage, &replica, &id, &["key"]).await?;
    replica.submit(&caller(me()), "hold").await?;
    stage.pass(LEASE * 2).await;
    scene.same("starts of the other", &other.starts(), &0);
    answer(&replica, &id, "key", accept(6)).await?;
    scene.same("the answer", &text(&outcome(&stage, &replica, &id).await?), &Some("6"));
    scene.same("starts", &probe.starts(), &1);
    Ok(())
}

async fn a_wait_is_no_attempt(scene: &Scene) -> CaseResult {
    let (stage, probe) = (Stage::open(scene).await?, Probe::default());
    let tool = asking("ask", &probe, &["a", "b", "c"], TaskPolicy::required().attempts(1));
    let replica = stage.replica(0).tools([tool]).start().await?;
    let id = replica.submit(&caller(me()), "ask").await?.id;
    for (key, count) in [("a", 1), ("b", 2), ("c", 3)] {
        open(&stage, &replica, &id, &[key]).await?;
        stage.until(SECOND, "its being parked", async || Ok(probe.inside() == 0)).await?;
        answer(&replica, &id, key, accept(count)).await?;
    }
    scene.same("the answers", &text(&outcome(&stage, &replica, &id).await?), &Some("1 2 3"));
    scene.same("starts", &probe.starts(), &4);
    Ok(())
}

async fn what_the_client_did_not_declare_is_not_asked(scene: &Scene) -> CaseResult {
    let stage = Stage::open(scene).await?;
    let tools = ["elicitation/create", "sampling/createMessage", "roots/list"].map(|method| {
        Tool::with_state(method.replace('/', "."), method, async |method: &'static str, cx: Context, _: NoArgs| {
            cx.ask("key", method, form("?")).await?;
            Ok("answered")
        })
        .task(TaskPolicy::required())
    });
    let replica = stage.replica(0).tools(tools).start().await?;
    let able = ClientAbilities { elicitation: true, url_elicitation: true, sampling: true, roots: true };
    let unable = [
        ("elicitation/create", ClientAbilities { elicitation: false, ..able }),
        ("sampling/createMessage", ClientAbilities { sampling: false, ..able }),
        ("roots/list", ClientAbilities { roots: false, ..able }),
    ];
    for (method, unable) in unable {
        let without: Caller = caller(me()).able(unable);
        let tool = method.replace('/', ".");
        let id = replica.submit(&without, &tool).await?.id;
        stage.in_time("its end", replica.outcome(&without, &id)).await??;
        scene.same(method, &replica.view(&without, &id).await?.status, &TaskStatus::ToolError);
        let id = replica.submit(&caller(me()), &tool).await?.id;
        open(&stage, &replica, &id, &["key"]).await?;
    }
    Ok(())
}

async fn a_key_of_another_question_fails_the_task(scene: &Scene) -> CaseResult {
    let stage = Stage::open(scene).await?;
    let tool = Tool::new("ask", async |cx: Context, _: NoArgs| {
        cx.ask("key", "elicitation/create", form("?")).await?;
        cx.ask("key", "roots/list", json!({})).await?;
        Ok("answered")
    });
    let replica = stage.replica(0).tools([tool.task(TaskPolicy::required().rerun())]).start().await?;
    let id = replica.submit(&caller(me()), "ask").await?.id;
    open(&stage, &replica, &id, &["key"]).await?;
    answer(&replica, &id, "key", accept(1)).await?;
    let outcome = outcome(&stage, &replica, &id).await?;
    scene.check(text(&outcome) != Some("answered"), || format!("{outcome:?}"));
    scene.check(replica.view(&caller(me()), &id).await?.status != TaskStatus::Completed, || "it is completed".into());
    Ok(())
}

async fn a_wait_is_not_in_the_run_timeout(scene: &Scene) -> CaseResult {
    let stage = Stage::open(scene).await?;
    for policy in [TaskPolicy::required(), TaskPolicy::required().rerun()] {
        let tool = Tool::new("ask", async |cx: Context, _: NoArgs| {
            let mut answers = Vec::new();
            for key in ["a", "b"] {
                answers.push(ask(&cx, key).await?);
                tokio::time::sleep(MS * 100).await;
            }
            Ok(answers.join(" "))
        });
        let tool = tool.task(policy.run_timeout(SECOND * 3 / 2));
        let replica = stage.replica(0).config(|config| config.park_after(HOUR)).tools([tool]).start().await?;
        let id = replica.submit(&caller(me()), "ask").await?.id;
        for (key, count) in [("a", 1), ("b", 2)] {
            open(&stage, &replica, &id, &[key]).await?;
            stage.pass(SECOND * 2).await;
            answer(&replica, &id, key, accept(count)).await?;
        }
        scene.same("the answers", &text(&outcome(&stage, &replica, &id).await?), &Some("1 2"));
        stage.in_time("the stop", replica.runtime.shutdown()).await?;
    }
    Ok(())
}
