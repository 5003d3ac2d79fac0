use std::time::Duration;

use fastestmcp_core::error::StoreResult;
use fastestmcp_core::session::{CommitOutcome, CommitRequest, CommitRule, Op, Scope, SessionStateStore};
use fastestmcp_store_redis::{RedisConfig, RedisStore};
use fastestmcp_test_servers::Redis;

pub(crate) fn config(server: &Redis) -> RedisConfig {
    RedisConfig::from_url(server.url()).unwrap()
}

pub(crate) async fn open(server: &Redis) -> RedisStore {
    RedisStore::open_with(config(server)).await.unwrap()
}

pub(crate) fn scope() -> Scope {
    Scope::system("test", "scope")
}

pub(crate) async fn put(store: &RedisStore, key: &str, value: impl Into<bytes::Bytes>) -> StoreResult<CommitOutcome> {
    let request = CommitRequest::new(scope(), CommitRule::Existing, vec![Op::put(key, value)]);
    Ok(store.commit(request).await?.value)
}

pub(crate) async fn get(store: &RedisStore, key: &str) -> StoreResult<Option<Vec<u8>>> {
    let loaded = store.load(&scope(), &[key], None).await?.value;
    Ok(loaded.entries[0].as_ref().map(|entry| entry.value.to_vec()))
}

/// In a scope of its own.
pub(crate) async fn put_in(store: &RedisStore, name: &str, value: impl Into<bytes::Bytes>) -> StoreResult<()> {
    let scope = Scope::system("test", name);
    store.commit(CommitRequest::new(scope, CommitRule::Existing, vec![Op::put("key", value)])).await.map(drop)
}

pub(crate) async fn get_in(store: &RedisStore, name: &str) -> StoreResult<Option<Vec<u8>>> {
    let loaded = store.load(&Scope::system("test", name), &["key"], None).await?.value;
    Ok(loaded.entries[0].as_ref().map(|entry| entry.value.to_vec()))
}

/// Repeats `attempt` until it succeeds; how long that took. Fails after `patience`.
pub(crate) async fn until_it_works<T>(patience: Duration, attempt: impl AsyncFn() -> StoreResult<T>) -> Duration {
    let started = std::time::Instant::now();
    loop {
        match attempt().await {
            Ok(_) => return started.elapsed(),
            Err(error) => assert!(started.elapsed() < patience, "{error}"),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
