//! No task waits for a lease to run out because of an orderly stop (contract T13).

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use fastestmcp::Stores;
use fastestmcp_core::component::{NoArgs, TaskPolicy, Tool};
use fastestmcp_core::runtime::Runtime;
use serde_json::json;
use tokio::sync::Semaphore;

use crate::scene::{client, in_time, node, on_every_store, record, text, until};
use fastestmcp_conformance::stage::{Fault, Faulty};

#[tokio::test]
async fn what_a_claim_brings_after_the_stop_began_is_handed_back_unstarted() {
    static STARTS: AtomicU32 = AtomicU32::new(0);
    on_every_store(async |stores| {
        STARTS.store(0, Ordering::SeqCst);
        let tools = || {
            let tool = |name| {
                Tool::new(name, async |_cx, _: NoArgs| {
                    STARTS.fetch_add(1, Ordering::SeqCst);
                    Ok("done")
                })
            };
            vec![
                tool("again").task(TaskPolicy::required().attempts(1)),
                tool("once").task(TaskPolicy::required().never_rerun()),
            ]
        };
        let faulty = Faulty::new(&stores);
        let gate = Arc::new(Semaphore::new(0));
        faulty.set("claim", Fault::Answer(gate.clone()));
        let first = node(faulty.stores(), tools()).await;
        let mut tasks = Vec::new();
        in_time(async {
            while faulty.count("claim") == 0 {
                tokio::task::yield_now().await;
            }
        })
        .await;
        for tool in ["again", "once", "again", "once"] {
            tasks.push(client(&first).start(tool, json!({})).await.unwrap());
        }
        // The first claim found nothing and its answer waits; let it go.
        gate.add_permits(1);
        in_time(async {
            let leased = async || {
                let mut leased = 0;
                for task in &tasks {
                    leased += usize::from(record(&stores, task.id()).await.unwrap().head.lease.is_some());
                }
                leased
            };
            while leased().await == 0 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        })
        .await;
        let stopping = first.clone();
        let stopped = tokio::spawn(async move { stopping.shutdown().await });
        first.stopping().cancelled().await;
        gate.add_permits(1_000);
        in_time(stopped).await.unwrap();
        for task in &tasks {
            let head = record(&stores, task.id()).await.unwrap().head;
            assert!(head.open && head.lease.is_none() && head.due.is_some(), "{head:?}");
        }
        assert_eq!(STARTS.load(Ordering::SeqCst), 0, "a node that stops starts nothing");
        let second = node(stores.clone(), tools()).await;
        for task in &tasks {
            let task = client(&second).task(task.id().clone());
            assert_eq!(text(&in_time(task.result()).await.unwrap()), "done");
            assert!(until(&stores, task.id(), |_| true).await.head.claims <= 2);
        }
        assert_eq!(STARTS.load(Ordering::SeqCst), 4);
    })
    .await;
}

/// A node that runs a task which never ends, on a store that can fail.
async fn held(stores: &Stores) -> (Runtime, Faulty) {
    let faulty = Faulty::new(stores);
    let tool = Tool::new("wait", async |_cx, _: NoArgs| {
        std::future::pending::<()>().await;
        Ok("")
    });
    let runtime = node(faulty.stores(), vec![tool.task(TaskPolicy::required().rerun())]).await;
    let task = client(&runtime).start("wait", json!({})).await.unwrap();
    until(stores, task.id(), |record| record.head.lease.is_some()).await;
    (runtime, faulty)
}

#[tokio::test]
async fn a_stop_ends_although_the_store_is_away() {
    on_every_store(async |stores| {
        let (runtime, faulty) = held(&stores).await;
        faulty.go_away();
        in_time(runtime.shutdown()).await;
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_stop_ends_although_the_store_hangs() {
    let (runtime, faulty) = held(&fastestmcp::connect("memory:").await.unwrap()).await;
    faulty.set("claim", Fault::Hang);
    let before = faulty.count("claim");
    in_time(async {
        while faulty.count("claim") == before {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
    // After the claim: a worker whose renewals fail makes none.
    for operation in ["renew", "replace", "load", "wake", "poll"] {
        faulty.set(operation, Fault::Hang);
    }
    in_time(runtime.shutdown()).await;
}

#[tokio::test(start_paused = true)]
async fn a_stop_leaves_no_write_behind_that_is_repeated() {
    let (runtime, faulty) = held(&fastestmcp::connect("memory:").await.unwrap()).await;
    faulty.go_away();
    in_time(runtime.shutdown()).await;
    let written = faulty.count("replace");
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(faulty.count("replace"), written);
}
