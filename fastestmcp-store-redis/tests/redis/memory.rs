use fastestmcp_core::backend::{Backend, SweepBudget};
use fastestmcp_core::error::{Outcome, StoreErrorKind};
use fastestmcp_core::session::SessionStateStore;
use fastestmcp_store_redis::RedisStore;
use fastestmcp_test_servers::Redis;

use crate::steps::{config, get, open, put, scope};

#[tokio::test]
async fn a_policy_that_drops_keys_is_refused_by_name_unless_it_is_allowed() {
    let server = Redis::settings().line("maxmemory-policy allkeys-lru").start().unwrap();
    let error = RedisStore::open_with(config(&server)).await.unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::Unsupported);
    assert!(error.to_string().contains("maxmemory-policy is allkeys-lru"), "{error}");
    let store = RedisStore::open_with(config(&server).allow_eviction()).await.unwrap();
    put(&store, "key", "value").await.unwrap();
}

#[tokio::test]
async fn a_full_memory_refuses_writes_with_a_type_and_lets_reading_and_removing_go_on() {
    let server = Redis::start().unwrap();
    let store = open(&server).await;
    put(&store, "before", "value").await.unwrap();
    server.command(&["CONFIG", "SET", "maxmemory", "1"]).unwrap();
    for _ in 0..3 {
        let error = put(&store, "after", "value").await.unwrap_err();
        assert_eq!((error.kind, error.outcome), (StoreErrorKind::StorageFull, Outcome::NotApplied), "{error}");
    }
    assert_eq!(get(&store, "before").await.unwrap(), Some(b"value".to_vec()));
    assert_eq!(get(&store, "after").await.unwrap(), None);
    assert!(store.delete_scope(&scope()).await.unwrap().value);
    assert_eq!(store.sweep(SweepBudget::default()).await.unwrap().removed, 1);
    server.command(&["CONFIG", "SET", "maxmemory", "0"]).unwrap();
    put(&store, "after", "value").await.unwrap();
    assert_eq!(get(&store, "after").await.unwrap(), Some(b"value".to_vec()));
}
