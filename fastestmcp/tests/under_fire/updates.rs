//! Concurrent updates lose none and none fails (contract C4).

use fastestmcp_core::component::{NoArgs, Tool};
use fastestmcp_core::context::Context;
use serde_json::json;

use crate::scene::{client, in_time, node, on_every_store};

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
