//! What only informs is never awaited by a caller and never delays a lease (contract R9).

use std::sync::Arc;

use fastestmcp_core::component::{NoArgs, TaskPolicy, Tool};
use fastestmcp_core::principal::Principal;
use serde_json::json;
use tokio::sync::Semaphore;

use crate::scene::{built, client, config, in_time, node, on_every_store, session, submit, text, until};
use fastestmcp_conformance::stage::{Fault, Faulty};

#[tokio::test]
async fn a_wake_up_that_never_ends_holds_up_no_submission_no_cancel_and_no_outcome() {
    on_every_store(async |stores| {
        let faulty = Faulty::new(&stores);
        faulty.set("wake", Fault::Hang);
        let wait = Tool::new("wait", async |_cx, _: NoArgs| {
            std::future::pending::<()>().await;
            Ok("")
        });
        let quick = Tool::new("quick", async |_cx, _: NoArgs| Ok("done"));
        let required = TaskPolicy::required;
        let mut config = config();
        config.worker_slots = 2;
        let tools = vec![wait.task(required()), quick.task(required())];
        let runtime = built(faulty.stores(), config, tools).await;
        runtime.start();
        let me = client(&runtime);
        let waits = in_time(me.start("wait", json!({}))).await.unwrap();
        // Each needs the slot of the one before it.
        for _ in 0..2 {
            let quick = in_time(me.start("quick", json!({}))).await.unwrap();
            assert_eq!(text(&in_time(quick.result()).await.unwrap()), "done");
        }
        in_time(waits.cancel()).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn sessions_that_cannot_be_held_cost_no_lease() {
    on_every_store(async |stores| {
        let faulty = Faulty::new(&stores);
        let gate = Arc::new(Semaphore::new(0));
        let wait = async |gate: Arc<Semaphore>, _cx, _: NoArgs| {
            gate.acquire().await?.forget();
            Ok("done")
        };
        let tool = Tool::with_state("wait", gate.clone(), wait).task(TaskPolicy::required());
        let runtime = node(faulty.stores(), vec![tool]).await;
        let mut tasks = Vec::new();
        let submit_in_a_session = async || {
            let (_, caller) = session(&runtime, Principal::Anonymous).await;
            in_time(submit(&runtime, &caller, "wait")).await.unwrap().id
        };
        for _ in 0..10 {
            tasks.push(submit_in_a_session().await);
        }
        for id in &tasks {
            until(&stores, id, |record| record.head.lease.is_some()).await;
        }
        faulty.set("load", Fault::Hang);
        // Its session is not even held once.
        tasks.push(submit_in_a_session().await);
        // Longer than a lease, seen by the lease itself: it is renewed past three of its ends.
        let first = until(&stores, &tasks[0], |record| record.head.due.is_some()).await.head.due.unwrap();
        let later = first.after(3 * config().lease);
        for id in &tasks {
            let held = until(&stores, id, |record| record.head.due.is_some_and(|due| due > later)).await;
            assert_eq!(held.head.claims, 1);
        }
        gate.add_permits(tasks.len());
        for id in &tasks {
            let ended = until(&stores, id, |record| !record.head.open).await;
            assert_eq!(ended.head.claims, 1, "no lease was lost");
        }
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_worker_whose_due_tasks_are_in_other_hands_looks_again_after_20_ms_and_not_at_once() {
    let faulty = Faulty::new(&fastestmcp::connect("memory:").await.unwrap());
    faulty.set("claim", Fault::Swallow);
    let tool = Tool::new("t", async |_cx, _: NoArgs| Ok("")).task(TaskPolicy::required());
    let _runtime = node(faulty.stores(), vec![tool]).await;
    let before = faulty.count("claim");
    let mut virtual_ms = 0;
    while faulty.count("claim") < before + 50 {
        tokio::time::advance(std::time::Duration::from_millis(1)).await;
        tokio::task::yield_now().await;
        virtual_ms += 1;
    }
    // In virtual time, so that this is no measurement: 50 claims with at least 20 ms between them.
    assert!(virtual_ms >= 49 * 20, "{virtual_ms}");
}
