use std::time::Duration;

use fastestmcp_conformance::chaos::{ChaosProxy, Cut};
use fastestmcp_core::error::{Outcome, StoreErrorKind};
use fastestmcp_core::session::{CommitRequest, CommitRule, Lifetime, Op, Scope, SessionStateStore};
use fastestmcp_store_postgres::PostgresStore;
use fastestmcp_test_servers::Postgres;

use crate::node::{at, config};

const LIFE: CommitRule = CommitRule::CreateIfMissing(Lifetime { ttl: Duration::from_secs(3_600), max_life: None });

fn put(scope: &str) -> CommitRequest {
    CommitRequest::new(Scope::new(fastestmcp_core::session::ScopeKind::Session, scope), LIFE, vec![Op::put("key", "x")])
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exhausted_pool_is_a_timeout_that_applied_nothing() {
    let postgres = Postgres::start().unwrap();
    let proxy = ChaosProxy::start(format!("127.0.0.1:{}", postgres.port().unwrap())).unwrap();
    let store = PostgresStore::open_with(config(&at(proxy.address())).pool(1)).await.unwrap();
    store.commit(put("before")).await.unwrap();
    // The one connection never gets its answer; what comes next has none to be sent on.
    proxy.cut(Cut::BlackHole);
    let occupying = {
        let store = store.clone();
        tokio::spawn(async move { store.commit(put("first")).await })
    };
    tokio::time::sleep(Duration::from_millis(200)).await;
    let waiting: Vec<_> = (0..20)
        .map(|number| {
            let store = store.clone();
            tokio::spawn(async move { store.commit(put(&number.to_string())).await })
        })
        .collect();
    let read = store
        .load(&Scope::new(fastestmcp_core::session::ScopeKind::Session, "before"), &["key"], None)
        .await
        .unwrap_err();
    assert_eq!((read.kind, read.outcome), (StoreErrorKind::Timeout, Outcome::NotApplied), "{read}");
    let first = occupying.await.unwrap().unwrap_err();
    assert_eq!((first.kind, first.outcome), (StoreErrorKind::Timeout, Outcome::Unknown), "{first}");
    for waiting in waiting {
        let error = waiting.await.unwrap().unwrap_err();
        assert_eq!((error.kind, error.outcome), (StoreErrorKind::Timeout, Outcome::NotApplied), "{error}");
    }
    proxy.heal();
    for number in 0..20 {
        let loaded = store
            .load(&Scope::new(fastestmcp_core::session::ScopeKind::Session, number.to_string()), &["key"], None)
            .await
            .unwrap()
            .value;
        assert!(loaded.scope.is_none(), "{number} was applied");
    }
}
