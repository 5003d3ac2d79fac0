//! Concurrent updates lose none and none fails (contract C4).

use std::time::Duration;

use fastestmcp_core::component::{NoArgs, Tool};
use fastestmcp_core::context::{Context, ContextError};
use serde_json::json;
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::scene::{client, in_time, node, on_every_store};
use fastestmcp_conformance::stage::{Fault, Faulty};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn four_hundred_updates_of_one_key_over_two_nodes_lose_none_and_none_fails() {
    on_every_store(async |stores| {
        let count = || {
            Tool::new("count", async |cx: Context, _: NoArgs| {
                Ok(cx.update_state("n", |n: Option<u64>| n.unwrap_or(0) + 1).await?.to_string())
            })
        };
        let nodes = [node(stores.clone(), vec![count()]).await, node(stores.clone(), vec![count()]).await];
        let calls: Vec<_> = (0..400)
            .map(|i| {
                let client = client(&nodes[i % 2]);
                tokio::spawn(async move { client.call("count", json!({})).await })
            })
            .collect();
        let mut seen = Vec::new();
        for call in calls {
            let output = in_time(call).await.unwrap().unwrap();
            assert!(!output.is_error, "{output:?}");
            seen.push(output.content[0].as_text().unwrap().parse::<u64>().unwrap());
        }
        seen.sort_unstable();
        assert_eq!(seen, (1..=400).collect::<Vec<_>>());
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn an_update_that_queues_behind_a_stuck_one_gives_up_at_the_deadline_of_its_call() {
    let (told, mut tells) = mpsc::unbounded_channel();
    let count = |name: &str, timeout| {
        let count = async |told: mpsc::UnboundedSender<_>, cx: Context, _: NoArgs| {
            drop(told.send(cx.update_state("n", |n: Option<u64>| n.unwrap_or(0) + 1).await));
            Ok("")
        };
        Tool::with_state(name, told.clone(), count).timeout(timeout)
    };
    let tools = vec![count("stuck", Duration::from_secs(3_600)), count("queues", Duration::from_secs(5))];
    let faulty = Faulty::new(&fastestmcp::connect("memory:").await.unwrap());
    let runtime = node(faulty.stores(), tools).await;
    faulty.set("commit", Fault::Hang);
    let before = faulty.count("commit");
    let (stuck, queues) = (client(&runtime), client(&runtime));
    tokio::spawn(async move { stuck.call("stuck", json!({})).await });
    in_time(async {
        while faulty.count("commit") == before {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let began = Instant::now();
    tokio::spawn(async move { queues.call("queues", json!({})).await });
    let told = in_time(tells.recv()).await.unwrap();
    assert!(matches!(told, Err(ContextError::Contention)), "{told:?}");
    assert_eq!(began.elapsed().as_secs(), 5);
    assert_eq!(faulty.count("commit"), before + 1, "it never had its turn");
}
