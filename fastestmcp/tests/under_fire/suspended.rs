//! A node that was away for longer than its leases (contract T5).

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use fastestmcp_core::component::{NoArgs, TaskPolicy, Tool};
use fastestmcp_core::context::Context;
use fastestmcp_core::context::ToolError;
use fastestmcp_core::task::{ClaimRequest, TaskStatus};
use serde_json::json;
use tokio::sync::Semaphore;

use crate::scene::{client, in_time, node, on_every_store, text, until};
use fastestmcp_conformance::stage::{Fault, Faulty};

/// What the handlers of a test share: a gate, and how many of them ran, also at the same time.
#[derive(Clone)]
struct Scene(Arc<Shared>);

struct Shared {
    gate: Semaphore,
    starts: AtomicU32,
    running: AtomicU32,
    most: AtomicU32,
}

impl Scene {
    fn new() -> Self {
        let zero = || AtomicU32::new(0);
        Self(Arc::new(Shared { gate: Semaphore::new(0), starts: zero(), running: zero(), most: zero() }))
    }

    fn starts(&self) -> u32 {
        self.0.starts.load(Ordering::SeqCst)
    }

    /// Handlers that ran at the same time.
    fn most(&self) -> u32 {
        self.0.most.load(Ordering::SeqCst)
    }

    /// Counts the handler that holds it.
    fn enter(&self) -> Entered {
        self.0.starts.fetch_add(1, Ordering::SeqCst);
        let running = self.0.running.fetch_add(1, Ordering::SeqCst) + 1;
        self.0.most.fetch_max(running, Ordering::SeqCst);
        Entered(self.clone())
    }
}

struct Entered(Scene);

impl Drop for Entered {
    fn drop(&mut self) {
        self.0.0.running.fetch_sub(1, Ordering::SeqCst);
    }
}

async fn until_told(scene: Scene, cx: Context, _: NoArgs) -> Result<String, ToolError> {
    let _entered = scene.enter();
    cx.checkpoint("started").await?;
    scene.0.gate.acquire().await?.forget();
    cx.checkpoint("told").await?;
    Ok("done".to_owned())
}

#[tokio::test]
async fn a_node_that_claims_what_it_still_runs_goes_on_with_it() {
    for policy in [TaskPolicy::required().attempts(1), TaskPolicy::required().never_rerun()] {
        on_every_store(async |stores| {
            let scene = Scene::new();
            let faulty = Faulty::new(&stores);
            // As if the process stood still: its leases run out and it does not know.
            faulty.set("renew", Fault::Swallow);
            let tool = Tool::with_state("wait", scene.clone(), until_told).task(policy.clone());
            let runtime = node(faulty.stores(), vec![tool]).await;
            let task = client(&runtime).start("wait", json!({})).await.unwrap();
            until(&stores, task.id(), |record| record.head.claims >= 3).await;
            faulty.clear("renew");
            scene.0.gate.add_permits(1);
            assert_eq!(text(&in_time(task.result()).await.unwrap()), "done");
            assert_eq!((scene.starts(), scene.most()), (1, 1));
        })
        .await;
    }
}

#[tokio::test]
async fn a_write_in_flight_while_the_node_was_away_is_repeated_under_the_new_claim() {
    on_every_store(async |stores| {
        let scene = Scene::new();
        let faulty = Faulty::new(&stores);
        faulty.set("renew", Fault::Swallow);
        let tool = Tool::with_state("wait", scene.clone(), until_told).task(TaskPolicy::required().never_rerun());
        let runtime = node(faulty.stores(), vec![tool]).await;
        let task = client(&runtime).start("wait", json!({})).await.unwrap();
        let first = until(&stores, task.id(), |record| record.head.version.0 > 0 && record.head.lease.is_some()).await;
        // The worker has looked again for what else is due by then, and sleeps until the lease ends.
        tokio::time::sleep(crate::scene::config().lease / 3).await;
        // The claim is made, and its answer is still on its way while the handler goes on.
        let answer = Arc::new(Semaphore::new(0));
        faulty.set("claim", Fault::Answer(answer.clone()));
        until(&stores, task.id(), |record| record.head.claims > first.head.claims).await;
        scene.0.gate.add_permits(1);
        assert_eq!(text(&in_time(task.result()).await.unwrap()), "done");
        answer.add_permits(1_000);
        faulty.clear("claim");
        runtime.shutdown().await;
        assert_eq!(scene.starts(), 1);
        let ended = until(&stores, task.id(), |_| true).await;
        assert_eq!(ended.head.status, TaskStatus::Completed.code());
    })
    .await;
}

#[tokio::test]
async fn a_task_that_others_had_in_between_is_not_run_twice_at_the_same_time() {
    on_every_store(async |stores| {
        let scene = Scene::new();
        let faulty = Faulty::new(&stores);
        faulty.set("renew", Fault::Swallow);
        // It takes its time to end, as handlers do.
        let slow_to_end = async |scene: Scene, cx: Context, _: NoArgs| {
            let _entered = scene.enter();
            tokio::select! {
                permit = scene.0.gate.acquire() => permit?.forget(),
                () = cx.cancelled() => tokio::time::sleep(Duration::from_millis(100)).await,
            }
            Ok("done")
        };
        let tool = Tool::with_state("wait", scene.clone(), slow_to_end).task(TaskPolicy::required().rerun());
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
            while scene.starts() < 2 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        })
        .await;
        scene.0.gate.add_permits(2);
        assert_eq!(text(&in_time(task.result()).await.unwrap()), "done");
        assert_eq!((scene.starts(), scene.most()), (2, 1));
    })
    .await;
}
