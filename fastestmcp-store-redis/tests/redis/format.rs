use fastestmcp_core::error::{Outcome, StoreErrorKind};
use fastestmcp_core::event::{EventLog, Keep, ReadFrom};
use fastestmcp_core::session::{ScopeKind, SessionStateStore};
use fastestmcp_store_redis::RedisStore;
use fastestmcp_test_servers::Redis;

use crate::steps::{config, get, open, put, scope};

#[tokio::test]
async fn a_namespace_of_a_newer_format_is_refused() {
    let server = Redis::start().unwrap();
    drop(open(&server).await);
    drop(open(&server).await);
    server.command(&["HSET", "fastestmcp:{default:format}:format", "min_supported_format", "2"]).unwrap();
    let error = RedisStore::open_with(config(&server)).await.unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::Unsupported);
    assert!(error.to_string().contains("format 2"), "{error}");
}

#[tokio::test]
async fn into_how_many_parts_a_namespace_is_divided_is_settled_when_it_is_founded() {
    let server = Redis::start().unwrap();
    let founder = RedisStore::open_with(config(&server).parts(7)).await.unwrap();
    let other = RedisStore::open_with(config(&server).parts(256)).await.unwrap();
    for name in 0..20 {
        let key = name.to_string();
        put(&founder, &key, key.clone()).await.unwrap();
        assert_eq!(get(&other, &key).await.unwrap(), Some(key.into_bytes()));
    }
    let error = RedisStore::open_with(config(&server).parts(0)).await.unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::InvalidInput);
}

#[tokio::test]
async fn a_key_that_holds_something_else_is_corrupt_and_nothing_is_written() {
    let server = Redis::start().unwrap();
    let key = |name: &str| format!("fastestmcp:{{default:00}}:{name}");
    for name in ["state", "values", "keys"] {
        server.command(&["FLUSHALL"]).unwrap();
        let store = open(&server).await;
        server.command(&["SET", &key(name), "something else"]).unwrap();
        let error = put(&store, "key", "value").await.unwrap_err();
        assert_eq!((error.kind, error.outcome), (StoreErrorKind::Corrupt, Outcome::NotApplied), "{name}: {error}");
        let keys = server.command(&["KEYS", "fastestmcp:{default:00}:*"]).unwrap();
        assert_eq!(keys.trim(), key(name), "nothing but what was there");
    }
    server.command(&["FLUSHALL"]).unwrap();
    let store = open(&server).await;
    server.command(&["SET", &key("state"), "something else"]).unwrap();
    assert_eq!(get(&store, "key").await.unwrap_err().kind, StoreErrorKind::Corrupt);
    assert_eq!(store.delete_scope(&scope()).await.unwrap_err().kind, StoreErrorKind::Corrupt);
    server.command(&["SET", &key("scopes"), "something else"]).unwrap();
    let page = fastestmcp_core::page::PageRequest::default();
    assert_eq!(store.list_scopes(ScopeKind::System, page).await.unwrap_err().kind, StoreErrorKind::Corrupt);
    server.command(&["SET", &key("topics"), "something else"]).unwrap();
    let keep = Keep::new(1, std::time::Duration::ZERO);
    let error = store.append("topic", vec!["event".into()], keep).await.unwrap_err();
    assert_eq!((error.kind, error.outcome), (StoreErrorKind::Corrupt, Outcome::NotApplied), "{error}");
    let error = store.read(&[("topic".to_owned(), ReadFrom::Tail)], 1).await.unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::Corrupt);
}
