//! What goes wrong in a handler: whom it hurts, and what the client hears of it (R3, R4, R8).

use std::fmt::Debug;
use std::panic::resume_unwind;

use fastestmcp_core::component::{NoArgs, Prompt, TaskPolicy, Tool, ToolOutput};
use fastestmcp_core::context::{Context, ToolError};
use fastestmcp_core::operation::{AskedTtl, Call, CallError, GetPrompt, ListTasks, Next, Operation};
use fastestmcp_core::task::RpcError;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value, json};

use super::steps::{begun, held, nobody, said};
use super::verbs::{act, verbs};
use crate::case::cases;
use crate::halt::{CaseResult, Halt};
use crate::scene::Scene;
use crate::stage::{Fault, Probe, Replica, Stage, call, caller, me, reason};

cases! { Runtime, "runtime.failures";
    "R3": a_panic_of_any_part_of_a_handler_ends_its_call_and_nothing_else,
    "R3": a_panic_of_any_part_of_a_handler_ends_its_task_and_nothing_else,
    "R3": a_panic_in_an_update_leaves_the_value_and_its_place_in_the_queue,
    "R3": a_panic_of_a_middleware_ends_its_call_and_nothing_else,
    "R4": what_an_author_raises_is_read_and_nothing_else,
    "R4": the_same_holds_for_tasks,
    "R4": the_same_holds_for_prompts,
    "R4": what_the_store_says_is_read_by_no_client,
    "R8": what_is_nested_too_deep_is_refused_before_it_is_kept,
}

/// What no client may read.
const SECRET: &str = "secret of the house";

/// Arguments whose decoding panics.
#[derive(JsonSchema)]
struct Mined {}

impl<'de> Deserialize<'de> for Mined {
    fn deserialize<D: Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        blow_up()
    }
}

/// Panics, and tells nobody who looks at the output of the tests.
fn blow_up<T>() -> T {
    resume_unwind(Box::new(SECRET))
}

/// A value that panics when it is dropped.
struct Trap;

impl Drop for Trap {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            blow_up::<()>();
        }
    }
}

/// One tool for each part of a handler that may panic, and one that works.
fn mined() -> Vec<Tool> {
    let sync = |(): (), _cx: Context, _: NoArgs| {
        let text: &'static str = blow_up();
        async move { Ok(text) }
    };
    let tools = [
        Tool::new("decoding", async |_cx: Context, _: Mined| Ok("")),
        Tool::with_state("sync", (), sync),
        Tool::new("awaited", async |_cx: Context, _: NoArgs| {
            tokio::task::yield_now().await;
            Ok(blow_up::<&'static str>())
        }),
        Tool::new("spawned", async |_cx: Context, _: NoArgs| {
            Ok(tokio::spawn(async { blow_up::<&'static str>() }).await?)
        }),
        Tool::new("dropped", async |_cx: Context, _: NoArgs| {
            let _trap = Trap;
            Ok("")
        }),
        Tool::new("fine", async |_cx: Context, _: NoArgs| Ok("fine")),
    ];
    tools.into_iter().map(|tool| tool.task(TaskPolicy::optional())).collect()
}

/// Reports what a client hears that it may not.
fn masked(scene: &Scene, what: &str, heard: &impl Debug) {
    let heard = format!("{heard:?}");
    scene.check(!heard.contains(SECRET) && !heard.contains("panicked"), || format!("{what}: the client hears {heard}"));
}

/// The JSON-RPC error that a call comes to.
async fn error(replica: &Replica, tool: &str) -> Result<RpcError, Halt> {
    match replica.call(&caller(me()), tool, Value::Null, nobody()).await {
        Err(error) => Ok(error.to_rpc()),
        Ok(output) => Err(Halt::Wrong(format!("{tool} ended with {output:?}"))),
    }
}

async fn a_panic_of_any_part_of_a_handler_ends_its_call_and_nothing_else(scene: &Scene) -> CaseResult {
    let stage = Stage::open(scene).await?;
    let probe = Probe::default();
    let wait = held("wait", &probe, TaskPolicy::optional());
    let config = stage.replica(0).config(|config| config.max_calls_per_owner(2));
    let replica = config.tools(mined()).tools([wait]).front().await?;
    let running = begun(&replica, caller(me()), call("wait", Value::Null), nobody());
    for _ in 0..2 {
        for tool in ["decoding", "sync", "awaited", "spawned", "dropped"] {
            let error = error(&replica, tool).await?;
            masked(scene, tool, &error);
            scene.same(&format!("the code of {tool}"), &error.code, &-32603);
        }
        let output = replica.call(&caller(me()), "fine", Value::Null, nobody()).await?;
        scene.same("the next call", &said(&output).as_deref(), &Some("fine"));
    }
    probe.let_one_through();
    let ended = stage.in_time("what was running", running).await?;
    scene.check(matches!(ended, Ok(Ok(_))), || format!("what was running: {ended:?}"));
    Ok(())
}

async fn a_panic_of_any_part_of_a_handler_ends_its_task_and_nothing_else(scene: &Scene) -> CaseResult {
    let stage = Stage::open(scene).await?;
    let replica = stage.replica(0).config(|config| config.worker_slots(1)).tools(mined()).start().await?;
    for (tool, why) in [
        ("decoding", "panic"),
        ("sync", "panic"),
        ("awaited", "panic"),
        ("spawned", "tool failed"),
        ("dropped", "panic"),
    ] {
        let task = replica.submit(&caller(me()), tool).await?;
        let outcome = stage.in_time(tool, replica.outcome(&caller(me()), &task.id)).await??;
        scene.same(tool, &reason(&outcome), &Some(why));
        masked(scene, tool, &outcome);
    }
    let task = replica.submit(&caller(me()), "fine").await?;
    stage.in_time("the next task", replica.outcome(&caller(me()), &task.id)).await??;
    Ok(())
}

async fn a_panic_in_an_update_leaves_the_value_and_its_place_in_the_queue(scene: &Scene) -> CaseResult {
    let stage = Stage::open(scene).await?;
    let tool = Tool::new("tool", async |cx: Context, _: NoArgs| {
        Ok(cx.update_state("n", |_: Option<u64>| blow_up::<u64>()).await?.to_string())
    });
    let replica = stage.replica(0).tools(verbs()).tools([tool]).front().await?;
    let who = caller(me());
    act(&replica, &who, "add", json!({ "key": "n" })).await?;
    for want in ["2", "3"] {
        masked(scene, "an update", &error(&replica, "tool").await?);
        let next = act(&replica, &who, "add", json!({ "key": "n" }));
        scene.same("the next update", &&*stage.in_time("the next update", next).await??, &want);
    }
    Ok(())
}

async fn a_panic_of_a_middleware_ends_its_call_and_nothing_else(scene: &Scene) -> CaseResult {
    let stage = Stage::open(scene).await?;
    let middleware = async |call: Call, next: Next| match &call.operation {
        Operation::CallTool(called) if called.name == "mined" => blow_up(),
        _ => next.run(call).await,
    };
    let fine = |name: &str| Tool::new(name, async |_cx: Context, _: NoArgs| Ok("fine"));
    let config = stage.replica(0).config(|config| config.max_calls(1));
    let replica = config.tools([fine("mined"), fine("fine")]).middleware(middleware).front().await?;
    for _ in 0..3 {
        masked(scene, "a middleware", &error(&replica, "mined").await?);
        let output = replica.call(&caller(me()), "fine", Value::Null, nobody()).await?;
        scene.same("the next call", &said(&output).as_deref(), &Some("fine"));
    }
    Ok(())
}

/// Fails in the way that its name says.
fn failing(name: &'static str) -> Tool {
    let fail = async |name: &'static str, _cx: Context, _: NoArgs| Err::<&str, _>(failure(name));
    Tool::with_state(name, name, fail).task(TaskPolicy::optional())
}

fn failure(how: &str) -> ToolError {
    match how {
        "told" => ToolError::new("give a number"),
        "rpc" => ToolError::rpc(RpcError::new(-32001, "no such number")),
        "io" => std::io::Error::other(SECRET).into(),
        "boxed" => ToolError::internal(SECRET),
        // Deep within another.
        _ => ToolError::internal(std::io::Error::other(std::io::Error::other(SECRET))),
    }
}

async fn what_an_author_raises_is_read_and_nothing_else(scene: &Scene) -> CaseResult {
    let stage = Stage::open(scene).await?;
    let replica = stage.replica(0).tools(["told", "rpc", "io", "boxed", "deep"].map(failing)).front().await?;
    let told = replica.call(&caller(me()), "told", Value::Null, nobody()).await?;
    scene.same("told to the model", &(told.is_error, said(&told).as_deref()), &(true, Some("give a number")));
    scene.same("an error of its own", &error(&replica, "rpc").await?, &RpcError::new(-32001, "no such number"));
    for tool in ["io", "boxed", "deep"] {
        let error = error(&replica, tool).await?;
        masked(scene, tool, &error);
        scene.same(tool, &error.data, &Some(json!({ "reason": "tool failed" })));
    }
    Ok(())
}

async fn the_same_holds_for_tasks(scene: &Scene) -> CaseResult {
    let stage = Stage::open(scene).await?;
    let replica = stage.replica(0).tools(["told", "rpc", "io", "boxed", "deep"].map(failing)).start().await?;
    for (tool, shown) in [
        ("told", "give a number"),
        ("rpc", "no such number"),
        ("io", "tool failed"),
        ("boxed", "tool failed"),
        ("deep", "tool failed"),
    ] {
        let task = replica.submit(&caller(me()), tool).await?;
        let outcome = stage.in_time(tool, replica.outcome(&caller(me()), &task.id)).await??;
        masked(scene, tool, &outcome);
        scene.check(format!("{outcome:?}").contains(shown), || format!("{tool}: {outcome:?}"));
        let stored = replica.record(&task.id).await?.and_then(|record| record.state).unwrap_or_default();
        scene.check(!String::from_utf8_lossy(&stored).contains(SECRET), || format!("{tool}: it is in the record"));
    }
    Ok(())
}

async fn the_same_holds_for_prompts(scene: &Scene) -> CaseResult {
    let stage = Stage::open(scene).await?;
    let prompt = |name: &'static str| {
        Prompt::with_state(name, name, async |name: &'static str, _cx: Context, (): ()| Err::<&str, _>(failure(name)))
    };
    let mined = Prompt::new("mined", async |_cx: Context, _: Mined| Ok(""));
    let replica = stage.replica(0).prompt(prompt("told")).prompt(prompt("io")).prompt(mined).front().await?;
    let got = async |name: &str| match replica.ask(&caller(me()), GetPrompt::new(name, Map::new())).await {
        Err(error) => Ok(error.to_rpc()),
        Ok(other) => Err(Halt::Wrong(format!("{name}: {other:?}"))),
    };
    scene.same("raised", &&*got("told").await?.message, &"give a number");
    masked(scene, "unexpected", &got("io").await?);
    masked(scene, "a panic", &got("mined").await?);
    Ok(())
}

async fn what_the_store_says_is_read_by_no_client(scene: &Scene) -> CaseResult {
    let stage = Stage::open(scene).await?;
    let tools = [held("hold", &Probe::default(), TaskPolicy::required())];
    let replica = stage.replica(0).tools(verbs()).tools(tools).front().await?;
    let session = replica.session(me()).await?;
    let mut heard = Vec::new();
    for (verb, operation) in [("get", "load"), ("set", "commit"), ("add", "commit")] {
        replica.faults.set(operation, Fault::Fail(1));
        let failed = act(&replica, &session.caller, verb, json!({ "key": "k" })).await;
        heard.extend(failed.err().map(|error| error.to_rpc()));
        replica.faults.clear(operation);
    }
    replica.faults.go_away();
    heard.extend(replica.submit(&session.caller, "hold").await.err().map(|error| error.to_rpc()));
    heard.extend(replica.ask(&session.caller, ListTasks::default()).await.err().map(|error| error.to_rpc()));
    scene.same("errors", &heard.len(), &5);
    for error in &heard {
        let text = format!("{error:?}");
        scene.check(!text.contains("on purpose"), || text.clone());
        scene.same("the reason", &error.data, &Some(json!({ "reason": "store unavailable" })));
    }
    Ok(())
}

async fn what_is_nested_too_deep_is_refused_before_it_is_kept(scene: &Scene) -> CaseResult {
    fn nested(levels: usize) -> Value {
        (0..levels).fold(json!(1), |inner, _| json!([inner]))
    }
    let stage = Stage::open(scene).await?;
    let deep =
        Tool::new("deep", async |_cx: Context, _: Map<String, Value>| Ok(ToolOutput::text("").structured(nested(110))));
    let keep = Tool::new("keep", async |cx: Context, _: NoArgs| {
        let refused = [
            cx.checkpoint(&nested(101)).await.is_err(),
            cx.once("a", || async { Ok(nested(101)) }).await.is_err(),
            cx.sample("b", nested(101)).await.is_err(),
        ];
        let kept = cx.once("a", || async { Ok(nested(100)) }).await?;
        Ok(format!("{refused:?} {}", kept == nested(100)))
    });
    let tools = [deep.task(TaskPolicy::required()), keep.task(TaskPolicy::optional())];
    let replica = stage.replica(0).tools(tools).start().await?;
    let (me, arguments) = (caller(me()), json!({ "a": nested(101) }));
    let refused = replica.submit_call(&me, call("deep", arguments), AskedTtl::Default).await;
    scene.check(matches!(refused, Err(CallError::TooDeep(_))), || format!("arguments: {refused:?}"));
    let meta = Map::from_iter([("m".to_owned(), nested(101))]);
    let refused = replica.submit_call(&me, call("deep", Value::Null).meta(meta), AskedTtl::Default).await;
    scene.check(matches!(refused, Err(CallError::TooDeep(_))), || format!("_meta: {refused:?}"));
    scene.same("tasks", &replica.ask(&me, ListTasks::default()).await?.tasks.len(), &0);
    let task = replica.submit_call(&me, call("deep", json!({ "a": nested(100) })), AskedTtl::Default).await?;
    let outcome = stage.in_time("a deep result", replica.outcome(&me, &task.id)).await??;
    scene.same("a deep result", &reason(&outcome), &Some("result cannot be stored"));
    let want = "[true, true, true] true";
    let kept = replica.call(&me, "keep", Value::Null, nobody()).await?;
    scene.same("in a call", &said(&kept).as_deref(), &Some(want));
    let task = replica.submit(&me, "keep").await?;
    let outcome = stage.in_time("a task", replica.outcome(&me, &task.id)).await??;
    scene.same("in a task", &crate::stage::text(&outcome), &Some(want));
    Ok(())
}
