use std::time::Duration;

use fastestmcp_store_redis::{RedisConfig, RedisStore};
use fastestmcp_test_servers::{Redis, RedisCluster};
use futures_util::future::join_all;

use crate::steps::{get_in, put_in, until_it_works};

const PATIENCE: Duration = Duration::from_secs(20);

/// Scopes that are spread over all nodes.
fn names() -> impl Iterator<Item = String> {
    (0..60).map(|name| name.to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_node_that_is_asked_first_hides_nothing() {
    let cluster = RedisCluster::start().unwrap();
    let empty = Redis::settings().line("cluster-enabled yes").start().unwrap();
    let nodes = cluster.url().strip_prefix("redis+cluster://").unwrap().to_owned();
    let url = format!("redis+cluster://127.0.0.1:{},{nodes}", empty.port().unwrap());
    let store = RedisStore::open(&url).await.unwrap();
    for name in names() {
        put_in(&store, &name, "value").await.unwrap();
    }
    // It is asked again after every connection was lost.
    for node in 0..3 {
        cluster.command(node, &["CLIENT", "KILL", "TYPE", "normal"]).unwrap();
    }
    for name in names() {
        until_it_works(PATIENCE, async || get_in(&store, &name).await).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_was_removed_and_goes_on_running_is_left() {
    let cluster = RedisCluster::start().unwrap();
    // As many processes, each of which asks nodes in another order.
    let mut stores = Vec::new();
    for _ in 0..8 {
        stores.push(RedisStore::open(cluster.url()).await.unwrap());
    }
    for store in &stores {
        for name in names() {
            put_in(store, &name, "value").await.unwrap();
        }
    }
    let removed = cluster.command(2, &["CLUSTER", "MYID"]).unwrap();
    cluster.command(2, &["FLUSHALL"]).unwrap();
    cluster.command(2, &["CLUSTER", "RESET", "HARD"]).unwrap();
    for node in [0, 1] {
        cluster.command(node, &["CLUSTER", "FORGET", &removed]).unwrap();
    }
    // One by one: Redis 6.2 takes no ranges.
    let slots: Vec<String> = (16_384 * 2 / 3..=16_383).map(|slot| slot.to_string()).collect();
    let words: Vec<&str> = ["CLUSTER", "ADDSLOTS"].into_iter().chain(slots.iter().map(String::as_str)).collect();
    assert_eq!(cluster.command(0, &words).unwrap(), "OK");
    for store in &stores {
        for name in names() {
            until_it_works(PATIENCE, async || put_in(store, &name, "again").await).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn callers_of_healthy_slots_do_not_wait_for_a_node_that_says_nothing() {
    let cluster = RedisCluster::start().unwrap();
    let timeout = Duration::from_millis(1_500);
    let config = || RedisConfig::from_url(cluster.url()).unwrap().timeout(timeout);
    // As many processes, each of which asks nodes in another order.
    let stores = join_all((0..8).map(|_| RedisStore::open_with(config()))).await;
    let stores: Vec<RedisStore> = stores.into_iter().map(Result::unwrap).collect();
    for name in names() {
        put_in(&stores[0], &name, "value").await.unwrap();
    }
    // Else all slots are down while one node is.
    for node in 0..3 {
        cluster.command(node, &["CONFIG", "SET", "cluster-require-full-coverage", "no"]).unwrap();
    }
    cluster.pause(0).unwrap();
    let all = async || {
        let all = stores.iter().flat_map(|store| names().map(move |name| (store.clone(), name)));
        join_all(all.map(|(store, name)| async move { (get_in(&store, &name).await.is_ok(), name) })).await
    };
    let (healthy, hung): (Vec<_>, Vec<_>) = all().await.into_iter().partition(|(answered, _)| *answered);
    assert!(!healthy.is_empty() && !hung.is_empty(), "scopes on every node");
    for _ in 0..3 {
        for (answered, name) in all().await {
            let is_hung = hung.iter().any(|(_, hung)| *hung == name);
            assert!(answered != is_hung, "{name} waited for a node that it does not need");
        }
    }
    cluster.resume(0).unwrap();
    for name in names() {
        until_it_works(PATIENCE, async || get_in(&stores[0], &name).await).await;
    }
}
