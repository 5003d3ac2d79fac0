//! A middleware costs no more than the run of a task that it is given (contract R3).

use std::time::Duration;

use fastestmcp::Stores;
use fastestmcp_core::component::{NoArgs, TaskPolicy, Tool};
use fastestmcp_core::operation::{Call, CallError, Middleware, Next, Operation, Outcome};
use fastestmcp_core::runtime::Runtime;
use fastestmcp_core::task::TaskOutcome;
use serde_json::json;

use crate::scene::{client, config, in_time, on_every_store, reason, record, text};

/// A node with one slot, a tool that never ends, one that may run for 100 ms, and one that ends at once.
async fn node(stores: &Stores, middleware: impl Middleware) -> Runtime {
    let endless = Tool::new("endless", async |_cx, _: NoArgs| {
        std::future::pending::<()>().await;
        Ok("")
    });
    let quick = |name| Tool::new(name, async |_cx, _: NoArgs| Ok("done"));
    let rerun = || TaskPolicy::required().rerun();
    let tools = [
        endless.task(rerun()),
        quick("short").task(rerun().run_timeout(Duration::from_millis(100))),
        quick("quick").task(rerun()),
    ];
    let builder = Runtime::builder(stores.clone()).config(config().worker_slots(1)).tools(tools);
    let runtime = builder.middleware(std::sync::Arc::new(middleware)).build().await.unwrap();
    runtime.start();
    runtime
}

/// The name of the tool whose task is to be run.
fn run_of(call: &Call) -> Option<&str> {
    match &call.operation {
        Operation::RunTask(run) => Some(&run.tool),
        _ => None,
    }
}

async fn quick_is_done(runtime: &Runtime) {
    let quick = client(runtime).start("quick", json!({})).await.unwrap();
    assert_eq!(text(&in_time(quick.result()).await.unwrap()), "done", "its slot is free");
}

#[tokio::test]
async fn one_that_hangs_before_a_run_ends_it_when_the_time_of_the_task_is_over() {
    on_every_store(async |stores| {
        let hangs = async |call: Call, next: Next| -> Result<Outcome, CallError> {
            if run_of(&call) == Some("short") {
                std::future::pending::<()>().await;
            }
            next.run(call).await
        };
        let runtime = node(&stores, hangs).await;
        let short = client(&runtime).start("short", json!({})).await.unwrap();
        assert_eq!(reason(&in_time(short.result()).await.unwrap()), "run timeout");
        quick_is_done(&runtime).await;
    })
    .await;
}

#[tokio::test]
async fn one_that_lets_go_of_a_run_ends_its_task() {
    on_every_store(async |stores| {
        let impatient = async |call: Call, next: Next| -> Result<Outcome, CallError> {
            let is_endless = run_of(&call) == Some("endless");
            let patience = Duration::from_millis(if is_endless { 50 } else { 60_000 });
            tokio::time::timeout(patience, next.run(call)).await.unwrap_or(Err(CallError::Timeout))
        };
        let runtime = node(&stores, impatient).await;
        let endless = client(&runtime).start("endless", json!({})).await.unwrap();
        let outcome = in_time(endless.result()).await.unwrap();
        assert!(matches!(outcome, TaskOutcome::Error(_)), "{outcome:?}");
        assert_eq!(record(&stores, endless.id()).await.unwrap().head.claims, 1, "it runs once");
        quick_is_done(&runtime).await;
    })
    .await;
}

#[tokio::test]
async fn one_that_never_ends_after_a_run_keeps_no_slot() {
    on_every_store(async |stores| {
        let lingers = async |call: Call, next: Next| -> Result<Outcome, CallError> {
            let is_run = run_of(&call).is_some();
            let outcome = next.run(call).await;
            if is_run {
                std::future::pending::<()>().await;
            }
            outcome
        };
        let runtime = node(&stores, lingers).await;
        for _ in 0..2 {
            quick_is_done(&runtime).await;
        }
    })
    .await;
}

#[tokio::test]
async fn one_that_hangs_before_a_run_holds_up_no_stop() {
    on_every_store(async |stores| {
        let hangs = async |call: Call, next: Next| -> Result<Outcome, CallError> {
            if run_of(&call) == Some("quick") {
                std::future::pending::<()>().await;
            }
            next.run(call).await
        };
        let runtime = node(&stores, hangs).await;
        let quick = client(&runtime).start("quick", json!({})).await.unwrap();
        crate::scene::until(&stores, quick.id(), |record| record.head.lease.is_some()).await;
        in_time(runtime.shutdown()).await;
        let head = record(&stores, quick.id()).await.unwrap().head;
        assert!(head.open && head.lease.is_none(), "it was not handed back: {head:?}");
    })
    .await;
}
