use std::time::Duration;

use fastestmcp_core::backend::Backend;
use fastestmcp_store_redis::{Deployment, RedisConfig, RedisStore};
use fastestmcp_test_servers::{RedisCluster, RedisSentinel};

use crate::steps::{get, put, until_it_works};

#[tokio::test(flavor = "multi_thread")]
async fn a_promoted_replica_is_found_and_never_repeats_a_version() {
    let servers = RedisSentinel::start().unwrap();
    let store = RedisStore::open(servers.url()).await.unwrap();
    assert!(store.guarantees().failover_may_lose);
    let before = put(&store, "key", "before").await.unwrap();
    let old = servers.kill_primary().unwrap();
    servers.failed_over(old).unwrap();
    let took = until_it_works(Duration::from_secs(10), async || put(&store, "key", "after").await).await;
    assert!(took < Duration::from_secs(10));
    let after = put(&store, "key", "again").await.unwrap();
    assert_ne!(format!("{before:?}"), format!("{after:?}"));
    assert_eq!(get(&store, "key").await.unwrap(), Some(b"again".to_vec()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slot_that_moves_to_another_node_is_followed() {
    let cluster = RedisCluster::start().unwrap();
    let store = RedisStore::open(&format!("{}?parts=1", cluster.url())).await.unwrap();
    put(&store, "key", "value").await.unwrap();
    let slot = cluster.command(0, &["CLUSTER", "KEYSLOT", "fastestmcp:{default:00}:state"]).unwrap();
    let ids: Vec<String> =
        (0..3).map(|node| cluster.command(node, &["CLUSTER", "MYID"]).unwrap().trim().to_owned()).collect();
    let holds = |node: usize| {
        !cluster.command(node, &["CLUSTER", "GETKEYSINSLOT", slot.trim(), "1"]).unwrap().trim().is_empty()
    };
    let from = (0..3).find(|node| holds(*node)).unwrap();
    let to = (from + 1) % 3;
    cluster.command(to, &["CLUSTER", "SETSLOT", slot.trim(), "IMPORTING", &ids[from]]).unwrap();
    cluster.command(from, &["CLUSTER", "SETSLOT", slot.trim(), "MIGRATING", &ids[to]]).unwrap();
    let Deployment::Cluster { seeds } = RedisConfig::from_url(cluster.url()).unwrap().deployment else { panic!() };
    let port = seeds[to].port.to_string();
    let keys = cluster.command(from, &["CLUSTER", "GETKEYSINSLOT", slot.trim(), "100"]).unwrap();
    let moved: Vec<&str> = keys.split_whitespace().collect();
    let mut command = vec!["MIGRATE", "127.0.0.1", &port, "", "0", "5000", "KEYS"];
    command.extend(&moved);
    cluster.command(from, &command).unwrap();
    assert_eq!(get(&store, "key").await.unwrap(), Some(b"value".to_vec()), "asked for at its new place");
    // A script that names keys which do not exist can run on neither node until the move is over.
    let waiting = tokio::spawn({
        let store = store.clone();
        async move { put(&store, "key", "on its way").await }
    });
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(!waiting.is_finished());
    for node in [to, from, (from + 2) % 3] {
        cluster.command(node, &["CLUSTER", "SETSLOT", slot.trim(), "NODE", &ids[to]]).unwrap();
    }
    waiting.await.unwrap().unwrap();
    assert_eq!(get(&store, "key").await.unwrap(), Some(b"on its way".to_vec()));
    put(&store, "key", "moved").await.unwrap();
    assert_eq!(get(&store, "key").await.unwrap(), Some(b"moved".to_vec()));
}
