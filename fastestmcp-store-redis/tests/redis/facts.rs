use std::time::Duration;

use fastestmcp_core::backend::{Backend, Durability};
use fastestmcp_core::error::{Outcome, StoreErrorKind};
use fastestmcp_store_redis::RedisStore;
use fastestmcp_test_servers::Redis;

use crate::pair::Pair;
use crate::steps::{get, open, put, until_it_works};

const PATIENCE: Duration = Duration::from_secs(10);

/// Every client has to connect again.
fn disconnect(server: &Redis) {
    server.command(&["CLIENT", "KILL", "TYPE", "normal"]).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_begins_to_drop_keys_is_refused_until_it_does_no_longer() {
    let server = Redis::start().unwrap();
    let store = open(&server).await;
    put(&store, "key", "value").await.unwrap();
    server.command(&["CONFIG", "SET", "maxmemory-policy", "allkeys-lru"]).unwrap();
    disconnect(&server);
    let refused = async || match put(&store, "key", "other").await {
        Err(error) if error.to_string().contains("maxmemory-policy") => Ok(error),
        Err(error) => Err(error),
        Ok(_) => panic!("a server that drops keys is used"),
    };
    until_it_works(PATIENCE, refused).await;
    let error = refused().await.unwrap();
    assert_eq!((error.kind, error.outcome), (StoreErrorKind::Unavailable, Outcome::NotApplied), "{error}");
    server.command(&["CONFIG", "SET", "maxmemory-policy", "noeviction"]).unwrap();
    until_it_works(PATIENCE, async || put(&store, "key", "again").await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_promoted_server_that_keeps_less_lowers_what_is_declared() {
    let pair = Pair::start(Redis::settings().line("appendfsync everysec")).await;
    let store = RedisStore::open_with(pair.config()).await.unwrap();
    let asserted = pair.config().durability(Durability::ProcessCrash);
    let asserted = RedisStore::open_with(asserted).await.unwrap();
    assert_eq!(store.guarantees().durability, Durability::PowerLoss);
    pair.promote();
    pair.move_address();
    pair.primary.kill().unwrap();
    for store in [&store, &asserted] {
        until_it_works(PATIENCE, async || get(store, "key").await).await;
    }
    assert_eq!(store.guarantees().durability, Durability::Volatile);
    assert_eq!(asserted.guarantees().durability, Durability::ProcessCrash, "the operator knows better");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_that_is_added_later_lowers_what_is_declared() {
    let server = Redis::settings().line("repl-diskless-sync-delay 0").start().unwrap();
    let store = open(&server).await;
    assert!(!store.guarantees().failover_may_lose);
    let port = server.port().unwrap();
    let _replica = Redis::settings().line(&format!("replicaof 127.0.0.1 {port}")).start().unwrap();
    while !server.command(&["INFO", "replication"]).unwrap().contains("connected_slaves:1") {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    disconnect(&server);
    until_it_works(PATIENCE, async || get(&store, "key").await).await;
    assert!(store.guarantees().failover_may_lose);
}
