//! How long a plain call may take, and what its client hears of it meanwhile (R1, R8).

use std::time::Duration;

use fastestmcp_core::component::{NoArgs, TaskPolicy, Tool};
use fastestmcp_core::context::Context;
use fastestmcp_core::operation::CallError;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::steps::{HOUR, MS, SECOND, answer, begun, held, nobody, said};
use crate::case::cases;
use crate::halt::{CaseResult, Halt};
use crate::scene::Scene;
use crate::stage::{GRACE, Played, Probe, Stage, call, caller, me, reason};

cases! { Runtime, "runtime.calls";
    "R1": a_call_ends_with_the_time_of_its_tool_or_else_of_the_server,
    "R1": a_call_has_a_minute_and_its_client_ten_unless_it_is_said_otherwise,
    "R1": a_call_whose_time_is_over_is_told_to_stop_and_then_dropped,
    "R1": the_time_that_the_client_takes_to_answer_is_not_counted,
    "R1": a_client_that_does_not_answer_in_its_time_ends_the_call,
    "R1": a_task_has_its_run_time_and_not_that_of_calls,
    "R8": progress_that_is_no_number_is_dropped,
    "R8": durations_that_cannot_work_are_refused_when_the_server_is_built,
}

fn wait(name: &str, probe: &Probe) -> Tool {
    Tool::with_state(name, probe.clone(), async |probe: Probe, cx: Context, _: NoArgs| {
        probe.run(&cx).await;
        Ok("done")
    })
}

async fn a_call_ends_with_the_time_of_its_tool_or_else_of_the_server(scene: &Scene) -> CaseResult {
    let stage = Stage::open(scene).await?;
    let probe = Probe::default();
    let tools =
        [wait("default", &probe), wait("short", &probe).timeout(SECOND / 4), wait("long", &probe).timeout(SECOND)];
    let replica = stage.replica(0).config(|config| config.call_timeout(SECOND / 2)).tools(tools).front().await?;
    for (tool, time) in [("default", SECOND / 2), ("short", SECOND / 4), ("long", SECOND)] {
        let start = Instant::now();
        let who = caller(me());
        let called = replica.call(&who, tool, Value::Null, nobody());
        let ended = stage.within(time + MS * 10, tool, called).await?;
        scene.check(matches!(ended, Err(CallError::Timeout)), || format!("{tool}: {ended:?}"));
        let took = start.elapsed();
        scene.check(took >= time, || format!("{tool} of {time:?} ended after {took:?}"));
    }
    Ok(())
}

async fn a_call_has_a_minute_and_its_client_ten_unless_it_is_said_otherwise(scene: &Scene) -> CaseResult {
    let stage = Stage::open(scene).await?;
    stage.needs_virtual_time()?;
    let probe = Probe::default();
    let replica = stage.replica(0).tools([wait("wait", &probe), asking(&probe)]).front().await?;
    for (tool, minutes) in [("wait", 1), ("ask", 10)] {
        let start = Instant::now();
        let ended = replica.call(&caller(me()), tool, Value::Null, Played::silent()).await;
        scene.check(matches!(ended, Err(CallError::Timeout)), || format!("{tool}: {ended:?}"));
        scene.same(&format!("seconds of {tool}"), &start.elapsed().as_secs(), &(60 * minutes));
    }
    Ok(())
}

async fn a_call_whose_time_is_over_is_told_to_stop_and_then_dropped(scene: &Scene) -> CaseResult {
    let stage = Stage::open(scene).await?;
    let probe = Probe::default();
    let replica = stage.replica(0).tools([wait("wait", &probe).timeout(MS * 100)]).front().await?;
    let start = Instant::now();
    let ended = replica.call(&caller(me()), "wait", Value::Null, nobody()).await;
    scene.check(matches!(ended, Err(CallError::Timeout)), || format!("{ended:?}"));
    scene.same("handlers that were let be", &probe.inside(), &1);
    stage.until(GRACE + MS * 10, "its end", async || Ok(probe.inside() == 0)).await?;
    let had = start.elapsed();
    scene.same("told to stop", &probe.told(), &1);
    scene.check(had >= MS * 100 + GRACE, || format!("it was dropped after {had:?}"));
    Ok(())
}

/// Asks, and then waits at the gate of its probe.
fn asking(probe: &Probe) -> Tool {
    Tool::with_state("ask", probe.clone(), async |probe: Probe, cx: Context, _: NoArgs| {
        let _inside = probe.start();
        cx.sample("a", json!({ "messages": [] })).await?;
        cx.sample("b", json!({ "messages": [] })).await?;
        probe.wait().await;
        Ok("done")
    })
}

async fn asked(stage: &Stage, client: &Played, count: usize) -> Result<(), Halt> {
    stage.until(SECOND, "a question", async || Ok(client.asked().len() >= count)).await.map(drop)
}

async fn the_time_that_the_client_takes_to_answer_is_not_counted(scene: &Scene) -> CaseResult {
    let stage = Stage::open(scene).await?;
    let (probe, time) = (Probe::default(), SECOND);
    let replica = stage.replica(0).config(|config| config.call_timeout(time)).tools([asking(&probe)]).front().await?;
    for is_done in [true, false] {
        let (client, start, mut waited) = (Played::silent(), Instant::now(), Duration::ZERO);
        let running = begun(&replica, caller(me()), call("ask", Value::Null), client.clone());
        for count in 1..=2 {
            asked(&stage, &client, count).await?;
            let asked = Instant::now();
            stage.pass(time * 3 / 4).await;
            waited += asked.elapsed();
            client.answer(answer());
        }
        if is_done {
            probe.let_one_through();
        }
        let ended = stage.within(time + MS * 10, "the end of the call", running).await?;
        // At least what the call had for itself.
        let own = start.elapsed() - waited;
        match ended {
            Ok(Ok(_)) => scene.check(is_done, || "it went on without end".to_owned()),
            Ok(Err(CallError::Timeout)) => {
                scene.check(own >= time, || format!("it had {own:?} of {time:?} for itself"));
            }
            other => scene.violation(format!("{other:?}")),
        }
    }
    Ok(())
}

async fn a_client_that_does_not_answer_in_its_time_ends_the_call(scene: &Scene) -> CaseResult {
    let stage = Stage::open(scene).await?;
    let (probe, time) = (Probe::default(), SECOND / 2);
    let config = stage.replica(0).config(|config| config.input_timeout(time).call_timeout(HOUR));
    let replica = config.tools([asking(&probe)]).front().await?;
    let start = Instant::now();
    let who = caller(me());
    let called = replica.call(&who, "ask", Value::Null, Played::silent());
    let ended = stage.within(time + MS * 10, "the end of the call", called).await?;
    scene.check(matches!(ended, Err(CallError::Timeout)), || format!("{ended:?}"));
    let took = start.elapsed();
    scene.check(took >= time, || format!("its client had {took:?}"));
    stage.until(GRACE + MS * 10, "the handler's end", async || Ok(probe.inside() == 0)).await?;
    Ok(())
}

async fn a_task_has_its_run_time_and_not_that_of_calls(scene: &Scene) -> CaseResult {
    let stage = Stage::open(scene).await?;
    let (probe, short) = (Probe::default(), SECOND * 6 / 10);
    let tools = [
        held("long", &probe, TaskPolicy::required()).timeout(MS * 50),
        held("short", &Probe::default(), TaskPolicy::required().run_timeout(short)),
    ];
    let replica = stage.replica(0).config(|config| config.call_timeout(MS * 50)).tools(tools).start().await?;
    let long = replica.submit(&caller(me()), "long").await?.id;
    let start = Instant::now();
    let task = replica.submit(&caller(me()), "short").await?;
    let outcome = stage.within(SECOND * 2, "its end", replica.outcome(&caller(me()), &task.id)).await??;
    scene.same("the reason", &reason(&outcome), &Some("run timeout"));
    let took = start.elapsed();
    scene.check(took >= short, || format!("{short:?} were over after {took:?}"));
    let view = replica.view(&caller(me()), &long).await?;
    scene.check(!view.status.is_terminal(), || format!("the other ended: {:?}", view.outcome));
    Ok(())
}

async fn progress_that_is_no_number_is_dropped(scene: &Scene) -> CaseResult {
    let stage = Stage::open(scene).await?;
    let tool = Tool::new("odd", async |cx: Context, _: NoArgs| {
        for progress in [f64::NAN, 1.0, f64::INFINITY, f64::NEG_INFINITY, 2.0] {
            cx.progress(progress, Some(f64::NAN), "");
        }
        Ok("done")
    });
    let replica = stage.replica(0).tools([tool.task(TaskPolicy::optional())]).start().await?;
    let client = Played::silent();
    let output = replica.call(&caller(me()), "odd", Value::Null, client.clone()).await?;
    scene.same("its result", &said(&output).as_deref(), &Some("done"));
    scene.same("told", &client.progress_so_far(), &vec![1.0, 2.0]);
    let task = replica.submit(&caller(me()), "odd").await?;
    stage.in_time("the task", replica.outcome(&caller(me()), &task.id)).await??;
    let progress = replica.view(&caller(me()), &task.id).await?.progress;
    let numbers = progress.as_ref().map(|progress| (progress.progress, progress.total));
    scene.same("written", &numbers, &Some((2.0, None)));
    Ok(())
}

async fn durations_that_cannot_work_are_refused_when_the_server_is_built(scene: &Scene) -> CaseResult {
    let stage = Stage::open(scene).await?;
    let configured = [
        stage.replica(0).config(|config| config.lease(Duration::ZERO)),
        stage.replica(0).config(|config| config.call_timeout(Duration::ZERO)),
        stage.replica(0).config(|config| config.session_idle(Duration::MAX)),
        stage.replica(0).config(|config| config.max_calls(0)),
    ];
    let probe = Probe::default();
    let of_tools = [
        wait("tool", &probe).timeout(Duration::ZERO),
        held("tool", &probe, TaskPolicy::required().ttl(Duration::ZERO, HOUR)),
        held("tool", &probe, TaskPolicy::required().ttl(HOUR, Duration::MAX)),
        held("tool", &probe, TaskPolicy::required().run_timeout(Duration::ZERO)),
        held("tool", &probe, TaskPolicy::required().retain(Duration::MAX)),
    ];
    let of_tools = of_tools.into_iter().map(|tool| stage.replica(0).tools([tool]));
    for (index, casting) in configured.into_iter().chain(of_tools).enumerate() {
        scene.check(casting.front().await.is_err(), || format!("number {index} was built"));
    }
    Ok(())
}
