//! A node that was away for longer than its leases (contract T5).

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use fastestmcp_core::runtime::Context;
use fastestmcp_core::task::{ClaimRequest, TaskStatus};
use fastestmcp_core::tool::{NoArgs, TaskPolicy, Tool, ToolError};
use serde_json::json;
use tokio::sync::Semaphore;

use crate::faulty::{Fault, Faulty};
use crate::scene::{client, in_time, node, on_every_store, text, until};

static STARTS: AtomicU32 = AtomicU32::new(0);
static RUNNING: AtomicU32 = AtomicU32::new(0);
static MOST: AtomicU32 = AtomicU32::new(0);

/// Counts how many handlers run at the same time.
struct Counted;

impl Counted {
    fn new() -> Self {
        STARTS.fetch_add(1, Ordering::SeqCst);
        MOST.fetch_max(RUNNING.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        Self
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        RUNNING.fetch_sub(1, Ordering::SeqCst);
    }
}

fn forget() {
    STARTS.store(0, Ordering::SeqCst);
    MOST.store(0, Ordering::SeqCst);
}

async fn until_told(gate: Arc<Semaphore>, cx: Context, _: NoArgs) -> Result<String, ToolError> {
    let _counted = Counted::new();
    cx.checkpoint("started").await?;
    gate.acquire().await?.forget();
    cx.checkpoint("told").await?;
    Ok("done".to_owned())
}

#[tokio::test]
async fn a_node_that_claims_what_it_still_runs_goes_on_with_it() {
    for policy in [TaskPolicy::required().attempts(1), TaskPolicy::required().never_rerun()] {
        on_every_store(async |stores| {
            forget();
            let gate = Arc::new(Semaphore::new(0));
            let faulty = Faulty::new(&stores);
            // As if the process stood still: its leases run out and it does not know.
            faulty.set("renew", Fault::Swallow);
            let tool = Tool::with_state("wait", gate.clone(), until_told).task(policy.clone());
            let runtime = node(faulty.stores(), vec![tool]).await;
            let task = client(&runtime).start("wait", json!({})).await.unwrap();
            until(&stores, task.id(), |record| record.head.claims >= 3).await;
            faulty.clear("renew");
            gate.add_permits(1);
            assert_eq!(text(&in_time(task.result()).await.unwrap()), "done");
            assert_eq!((STARTS.load(Ordering::SeqCst), MOST.load(Ordering::SeqCst)), (1, 1));
        })
        .await;
    }
}

#[tokio::test]
async fn a_write_in_flight_while_the_node_was_away_is_repeated_under_the_new_claim() {
    on_every_store(async |stores| {
        forget();
        let gate = Arc::new(Semaphore::new(0));
        let faulty = Faulty::new(&stores);
        faulty.set("renew", Fault::Swallow);
        let tool = Tool::with_state("wait", gate.clone(), until_told).task(TaskPolicy::required().never_rerun());
        let runtime = node(faulty.stores(), vec![tool]).await;
        let task = client(&runtime).start("wait", json!({})).await.unwrap();
        let first = until(&stores, task.id(), |record| record.head.version.0 > 0 && record.head.lease.is_some()).await;
        // The claim is made, and its answer is still on its way while the handler goes on.
        let answer = Arc::new(Semaphore::new(0));
        faulty.set("claim", Fault::Answer(answer.clone()));
        until(&stores, task.id(), |record| record.head.claims > first.head.claims).await;
        gate.add_permits(1);
        assert_eq!(text(&in_time(task.result()).await.unwrap()), "done");
        answer.add_permits(1_000);
        faulty.clear("claim");
        runtime.shutdown().await;
        assert_eq!(STARTS.load(Ordering::SeqCst), 1);
        let ended = until(&stores, task.id(), |_| true).await;
        assert_eq!(ended.head.status, TaskStatus::Completed.code());
    })
    .await;
}

#[tokio::test]
async fn a_task_that_others_had_in_between_is_not_run_twice_at_the_same_time() {
    on_every_store(async |stores| {
        forget();
        let gate = Arc::new(Semaphore::new(0));
        let faulty = Faulty::new(&stores);
        faulty.set("renew", Fault::Swallow);
        // It takes its time to end, as handlers do.
        let slow_to_end = async |gate: Arc<Semaphore>, cx: Context, _: NoArgs| {
            let _counted = Counted::new();
            tokio::select! {
                permit = gate.acquire() => permit?.forget(),
                () = cx.cancelled() => tokio::time::sleep(Duration::from_millis(100)).await,
            }
            Ok("done")
        };
        let tool = Tool::with_state("wait", gate.clone(), slow_to_end).task(TaskPolicy::required().rerun());
        let runtime = node(faulty.stores(), vec![tool]).await;
        let task = client(&runtime).start("wait", json!({})).await.unwrap();
        until(&stores, task.id(), |record| record.head.lease.is_some()).await;
        faulty.set("claim", Fault::Fail(u32::MAX));
        // Another worker has it for a moment, and is lost.
        let claim = ClaimRequest::new(vec!["default".into()], "another", 1, Duration::from_millis(50));
        in_time(async {
            while stores.tasks.claim(claim.clone()).await.unwrap().value.tasks.is_empty() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        })
        .await;
        faulty.clear("claim");
        until(&stores, task.id(), |record| record.head.claims == 3).await;
        faulty.clear("renew");
        in_time(async {
            while STARTS.load(Ordering::SeqCst) < 2 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        })
        .await;
        gate.add_permits(2);
        assert_eq!(text(&in_time(task.result()).await.unwrap()), "done");
        assert_eq!((STARTS.load(Ordering::SeqCst), MOST.load(Ordering::SeqCst)), (2, 1));
    })
    .await;
}
