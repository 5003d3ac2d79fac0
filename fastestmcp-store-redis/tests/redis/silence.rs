use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use fastestmcp_conformance::chaos::{ChaosProxy, Cut};
use fastestmcp_core::backend::Backend;
use fastestmcp_core::error::{Outcome, StoreErrorKind};
use fastestmcp_core::event::EventLog;
use fastestmcp_core::ids::TaskId;
use fastestmcp_core::principal::Owner;
use fastestmcp_core::task::{Guard, NewTask, ReplaceRequest, TaskBackend, Then, Token};
use fastestmcp_store_redis::{RedisStore, Server};
use fastestmcp_test_servers::Redis;

use crate::steps::{config, get, put};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test(flavor = "multi_thread")]
async fn what_was_still_waiting_for_a_connection_at_its_deadline_is_not_applied() {
    let server = Redis::start().unwrap();
    let proxy = ChaosProxy::start(format!("127.0.0.1:{}", server.port().unwrap())).unwrap();
    let port = proxy.address().port();
    let behind = config(&server).timeout(SECOND).addresses(move |_| Server::new("127.0.0.1", port));
    let store = RedisStore::open_with(behind).await.unwrap();
    put(&store, "key", "before").await.unwrap();
    // The connection is lost, and new ones are accepted and hear nothing.
    proxy.cut(Cut::Reset);
    assert!(get(&store, "key").await.is_err());
    proxy.cut(Cut::BlackHole);
    let (store, task) =
        (&store, |id: &str| NewTask::new(TaskId::new(id), Owner::new("owner"), "queue", "spec".into(), "state".into()));
    let guard = Guard { version: fastestmcp_core::session::Version(1), token: None };
    let replace = ReplaceRequest::new(TaskId::new("a"), guard, 0, "new".into(), Then::KeepLease);
    let lease = [(TaskId::new("a"), Token(1))];
    let channels = ["channel".to_owned()];
    let (put, insert, replace, renew, wake) = tokio::join!(
        put(store, "key", "lost"),
        store.insert(task("a")),
        store.replace(replace),
        store.renew(&lease, SECOND),
        store.wake(&channels),
    );
    for (what, error) in [
        ("commit", put.unwrap_err()),
        ("insert", insert.unwrap_err()),
        ("replace", replace.unwrap_err()),
        ("renew", renew.unwrap_err()),
        ("wake", wake.unwrap_err()),
    ] {
        assert_eq!(error.outcome, Outcome::NotApplied, "{what}: {error}");
        assert!(matches!(error.kind, StoreErrorKind::Timeout | StoreErrorKind::Unavailable), "{what}: {error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_died_silently_costs_nobody_who_comes_later() {
    let server = Redis::start().unwrap();
    let upstream = format!("127.0.0.1:{}", server.port().unwrap());
    let (dead, alive) = (ChaosProxy::start(upstream.clone()).unwrap(), ChaosProxy::start(upstream).unwrap());
    let address = Arc::new(AtomicU16::new(dead.address().port()));
    let named = address.clone();
    let behind = config(&server).addresses(move |_| Server::new("127.0.0.1", named.load(Ordering::SeqCst)));
    let store = RedisStore::open_with(behind).await.unwrap();
    put(&store, "key", "before").await.unwrap();
    // As when a network forgets a connection: nothing more is heard on it, and new ones work.
    dead.cut(Cut::BlackHole);
    address.store(alive.address().port(), Ordering::SeqCst);
    let first = tokio::spawn({
        let store = store.clone();
        async move { put(&store, "key", "lost").await }
    });
    tokio::time::sleep(SECOND).await;
    for round in 0..20 {
        put(&store, "key", round.to_string()).await.unwrap();
        assert_eq!(get(&store, "key").await.unwrap(), Some(round.to_string().into_bytes()));
        store.ping().await.unwrap();
    }
    assert!(!first.is_finished(), "they did not wait for its deadline");
    assert_eq!(first.await.unwrap().unwrap_err().outcome, Outcome::Unknown);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_died_while_it_was_not_used_costs_nobody() {
    let server = Redis::start().unwrap();
    let upstream = format!("127.0.0.1:{}", server.port().unwrap());
    let (dead, alive) = (ChaosProxy::start(upstream.clone()).unwrap(), ChaosProxy::start(upstream).unwrap());
    let address = Arc::new(AtomicU16::new(dead.address().port()));
    let named = address.clone();
    let behind = config(&server).addresses(move |_| Server::new("127.0.0.1", named.load(Ordering::SeqCst)));
    let store = RedisStore::open_with(behind).await.unwrap();
    put(&store, "key", "before").await.unwrap();
    dead.cut(Cut::BlackHole);
    address.store(alive.address().port(), Ordering::SeqCst);
    tokio::time::sleep(6 * SECOND).await;
    assert_eq!(get(&store, "key").await.unwrap(), Some(b"before".to_vec()));
}
