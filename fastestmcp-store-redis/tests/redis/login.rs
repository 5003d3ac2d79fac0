use fastestmcp_core::backend::{Backend, Durability, SweepBudget};
use fastestmcp_core::error::StoreErrorKind;
use fastestmcp_core::event::{EventLog, Wake};
use fastestmcp_core::session::{ScopeKind, SessionStateStore};
use fastestmcp_store_redis::{RedisStore, Tls};
use fastestmcp_test_servers::Redis;
use futures_util::StreamExt;

use crate::steps::{config, get, put};

#[tokio::test]
async fn a_user_with_a_password_comes_in_and_nobody_else() {
    let server = Redis::settings().user("app", "p-w").start().unwrap();
    let store = RedisStore::open(server.url()).await.unwrap();
    put(&store, "key", "value").await.unwrap();
    for wrong in ["app:wrong@", ""] {
        let url = server.url().replace("app:p-w@", wrong);
        let error = RedisStore::open(&url).await.unwrap_err();
        assert_eq!(error.kind, StoreErrorKind::Unavailable, "{error}");
        assert!(!error.to_string().contains("p-w") && !error.to_string().contains("wrong"), "{error}");
    }
    assert!(!format!("{store:?}").contains("p-w"));
}

#[tokio::test]
async fn a_user_without_administration_can_do_everything() {
    let server = Redis::start().unwrap();
    let rights = "ACL SETUSER app on >pw ~fastestmcp:* resetchannels &fastestmcp:* +@all -@admin -@dangerous";
    server.command(&rights.split(' ').collect::<Vec<_>>()).unwrap();
    let url = server.url().replace("redis://", "redis://app:pw@");
    let error = RedisStore::open(&url).await.unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::Unsupported, "what cannot be seen is not taken for granted: {error}");
    assert!(error.to_string().contains("maxmemory-policy"), "{error}");
    let store = RedisStore::open(&format!("{url}?allow-eviction=true")).await.unwrap();
    assert_eq!(store.guarantees().durability, Durability::Volatile);
    let mut heard = store.listen().await.unwrap();
    put(&store, "key", "value").await.unwrap();
    assert_eq!(get(&store, "key").await.unwrap(), Some(b"value".to_vec()));
    assert_eq!(store.count_scopes(ScopeKind::System, 10).await.unwrap().value, 1);
    store.wake(&["channel".to_owned()]).await.unwrap();
    assert_eq!(heard.next().await, Some(Wake::Channel("channel".to_owned())));
    store.sweep(SweepBudget::default()).await.unwrap();
    server.command(&["ACL", "SETUSER", "app", "+info"]).unwrap();
    RedisStore::open(&url).await.unwrap();
}

#[tokio::test]
async fn tls_is_checked_against_the_given_certificates_unless_it_is_told_not_to() {
    let server = Redis::settings().tls().start().unwrap();
    let authority = server.certificate().unwrap().authority().to_owned();
    let error = RedisStore::open_with(config(&server).tls(Tls::default())).await.unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::Unavailable, "{error}");
    let store = RedisStore::open_with(config(&server).tls(Tls::default().ca(authority))).await.unwrap();
    put(&store, "key", "value").await.unwrap();
    let store = RedisStore::open_with(config(&server).tls(Tls::default().insecure())).await.unwrap();
    assert_eq!(get(&store, "key").await.unwrap(), Some(b"value".to_vec()));
}
