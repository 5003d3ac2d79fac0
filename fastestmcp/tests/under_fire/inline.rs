//! Once a task is made its client gets the handle, whatever becomes of waiting for it: who gets an error makes another.

use std::sync::Arc;
use std::time::Duration;

use fastestmcp_core::component::{NoArgs, TaskPolicy, Tool};
use fastestmcp_core::context::Context;
use fastestmcp_core::operation::{CallError, CallOutcome, CallTool, TaskMode, WatchTask};
use fastestmcp_core::runtime::Runtime;
use serde_json::Map;
use tokio::sync::Semaphore;

use crate::scene::{ask, built, caller, config, in_time, me, node, on_every_store, submit, until};
use fastestmcp_conformance::stage::{Fault, Faulty};

/// A tool whose tasks a client waits for a moment.
fn tool(gate: &Arc<Semaphore>, inline_for: Duration) -> Tool {
    let run = async |gate: Arc<Semaphore>, _: Context, _: NoArgs| {
        gate.acquire().await?.forget();
        Ok("through")
    };
    Tool::with_state("gated", gate.clone(), run).task(TaskPolicy::required().inline_for(inline_for))
}

async fn call(runtime: &Runtime) -> Result<CallOutcome, CallError> {
    let call = CallTool::new("gated", Map::new()).tasks(TaskMode::Accepted);
    in_time(ask(runtime, &caller(me()), call)).await
}

#[tokio::test]
async fn a_task_that_cannot_be_read_after_it_was_made_is_answered_by_its_handle() {
    on_every_store(async |stores| {
        let (faulty, gate) = (Faulty::new(&stores), Arc::new(Semaphore::new(1)));
        let runtime = node(faulty.stores(), vec![tool(&gate, Duration::from_secs(20))]).await;
        faulty.set("get", Fault::Fail(u32::MAX));
        let CallOutcome::Task(task) = call(&runtime).await.unwrap() else { panic!("no task") };
        until(&stores, &task.id, |record| record.head.lease.is_none() && record.head.claims == 1).await;
    })
    .await;
}

#[tokio::test]
async fn a_store_that_is_away_for_a_moment_costs_no_result_within_the_time_to_wait() {
    on_every_store(async |stores| {
        let (faulty, gate) = (Faulty::new(&stores), Arc::new(Semaphore::new(0)));
        let runtime = node(faulty.stores(), vec![tool(&gate, Duration::from_secs(20))]).await;
        let calling = call(&runtime);
        let reads = async {
            while faulty.count("get") == 0 || faulty.count("poll") == 0 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            faulty.set("get", Fault::Fail(2));
            gate.add_permits(1);
        };
        let (outcome, ()) = tokio::join!(calling, reads);
        assert!(matches!(outcome.unwrap(), CallOutcome::Complete(_)));
    })
    .await;
}

#[tokio::test]
async fn where_nobody_else_may_wait_a_task_is_made_and_answered_by_its_handle() {
    on_every_store(async |stores| {
        let mut config = config();
        (config.max_waiters, config.max_waiters_per_owner) = (1, 1);
        let gate = Arc::new(Semaphore::new(0));
        let runtime = built(stores, config, vec![tool(&gate, Duration::from_secs(20))]).await;
        let first = submit(&runtime, &caller(me()), "gated").await.unwrap();
        let watch = ask(&runtime, &caller(me()), WatchTask::new(first.id.clone())).await.unwrap();
        let second = tokio::time::timeout(Duration::from_secs(10), call(&runtime)).await.expect("it does not wait");
        let CallOutcome::Task(second) = second.unwrap() else { panic!("no task") };
        assert_ne!(second.id, first.id);
        drop(watch);
    })
    .await;
}

#[tokio::test]
async fn a_task_that_is_not_over_in_time_is_answered_by_its_handle() {
    on_every_store(async |stores| {
        let gate = Arc::new(Semaphore::new(0));
        let runtime = node(stores, vec![tool(&gate, Duration::from_millis(50))]).await;
        assert!(matches!(call(&runtime).await.unwrap(), CallOutcome::Task(_)));
    })
    .await;
}
