//! A store that does not answer is never the handler's outcome (contract T6).

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use fastestmcp_core::component::{NoArgs, TaskPolicy, Tool};
use fastestmcp_core::context::Context;
use fastestmcp_core::context::ToolError;
use fastestmcp_core::error::{StoreError, StoreErrorKind};
use fastestmcp_core::task::TaskStatus;
use serde_json::json;

use crate::scene::{client, in_time, node, on_every_store, reason, text};
use fastestmcp_conformance::stage::Faulty;

const STEPS: u32 = 30;

/// Uses all that a running task has of its store, all the time.
async fn busy(starts: Arc<AtomicU32>, cx: Context, _: NoArgs) -> Result<String, ToolError> {
    starts.fetch_add(1, Ordering::SeqCst);
    for step in 0..STEPS {
        cx.progress(f64::from(step), None, "");
        cx.checkpoint(&step).await?;
        cx.once(&format!("once {step}"), || async { Ok(step) }).await?;
        cx.set_state("step", &step).await?;
        cx.update_state("count", |count: Option<u32>| count.unwrap_or(0) + 1).await?;
        assert_eq!(cx.get_state::<u32>("step").await?, Some(step));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(format!("{:?}", cx.get_state::<u32>("count").await?))
}

#[tokio::test]
async fn an_outage_of_less_than_two_thirds_of_a_lease_costs_a_running_task_nothing_but_time() {
    for policy in [TaskPolicy::required().rerun(), TaskPolicy::required().never_rerun()] {
        on_every_store(async |stores| {
            let starts = Arc::new(AtomicU32::new(0));
            let faulty = Faulty::new(&stores);
            let tool = Tool::with_state("busy", starts.clone(), busy).task(policy.clone());
            let runtime = node(faulty.stores(), vec![tool]).await;
            let other = node(stores.clone(), vec![]).await;
            let task = client(&runtime).start("busy", json!({})).await.unwrap();
            for _ in 0..2 {
                tokio::time::sleep(Duration::from_millis(150)).await;
                faulty.away_for(Duration::from_millis(500)).await;
            }
            let outcome = in_time(client(&other).task(task.id().clone()).result()).await.unwrap();
            assert_eq!(text(&outcome), format!("{:?}", Some(STEPS)), "no update is lost or made twice");
            assert_eq!(starts.load(Ordering::SeqCst), 1);
        })
        .await;
    }
}

/// An author's error around the store's.
#[derive(Debug, thiserror::Error)]
#[error("the shop is closed")]
struct Closed(#[source] StoreError);

async fn fails_twice(starts: Arc<AtomicU32>, _cx: Context, _: NoArgs) -> Result<&'static str, ToolError> {
    if starts.fetch_add(1, Ordering::SeqCst) < 2 {
        return Err(Closed(StoreError::new(StoreErrorKind::Unavailable, "another", "load", "away")).into());
    }
    Ok("done")
}

#[tokio::test]
async fn a_stores_error_that_comes_out_of_a_handler_is_recognised_and_no_attempt() {
    on_every_store(async |stores| {
        for (policy, expected) in [
            (TaskPolicy::required().attempts(1), Ok("done")),
            (TaskPolicy::required().never_rerun(), Err("store unavailable")),
        ] {
            let starts = Arc::new(AtomicU32::new(0));
            let runtime = node(stores.clone(), vec![Tool::with_state("shop", starts, fails_twice).task(policy)]).await;
            let outcome = in_time(client(&runtime).start("shop", json!({})).await.unwrap().result()).await.unwrap();
            match expected {
                Ok(word) => assert_eq!(text(&outcome), word),
                Err(word) => assert_eq!(reason(&outcome), word),
            }
            runtime.shutdown().await;
        }
    })
    .await;
}

#[tokio::test]
async fn what_a_store_refuses_for_good_is_the_handlers_outcome() {
    on_every_store(async |stores| {
        let large = async |cx: Context, _: NoArgs| {
            cx.checkpoint(&"x".repeat(5 << 20)).await?;
            Ok("")
        };
        let runtime = node(stores, vec![Tool::new("large", large).task(TaskPolicy::required().rerun())]).await;
        let task = client(&runtime).start("large", json!({})).await.unwrap();
        let view = in_time(task.until(|view| view.status.is_terminal())).await.unwrap();
        assert_eq!(view.status, TaskStatus::ToolError);
        let outcome = view.outcome.unwrap();
        assert!(text(&outcome).contains("max_value_bytes"), "the model is told which limit: {outcome:?}");
    })
    .await;
}
