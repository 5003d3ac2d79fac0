use std::time::Duration;

use fastestmcp_core::backend::Backend;
use fastestmcp_core::error::{Outcome, StoreErrorKind};
use fastestmcp_test_servers::Redis;

use crate::steps::{get, open, put, until_it_works};

#[tokio::test]
async fn a_server_that_became_a_replica_refuses_writes_until_it_is_promoted() {
    let (server, other) = (Redis::start().unwrap(), Redis::start().unwrap());
    let store = open(&server).await;
    assert!(!store.guarantees().failover_may_lose);
    put(&store, "key", "value").await.unwrap();
    let port = other.port().unwrap().to_string();
    server.command(&["REPLICAOF", "127.0.0.1", &port]).unwrap();
    let error = put(&store, "key", "other").await.unwrap_err();
    assert_eq!((error.kind, error.outcome), (StoreErrorKind::Unavailable, Outcome::NotApplied), "{error}");
    server.command(&["REPLICAOF", "NO", "ONE"]).unwrap();
    until_it_works(Duration::from_secs(5), async || put(&store, "key", "again").await).await;
    assert_eq!(get(&store, "key").await.unwrap(), Some(b"again".to_vec()));
}

#[tokio::test]
async fn a_server_with_replicas_says_that_a_failover_may_lose() {
    let (server, replica) = (Redis::start().unwrap(), Redis::start().unwrap());
    replica.command(&["REPLICAOF", "127.0.0.1", &server.port().unwrap().to_string()]).unwrap();
    while !server.command(&["INFO", "replication"]).unwrap().contains("connected_slaves:1") {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(open(&server).await.guarantees().failover_may_lose);
}
