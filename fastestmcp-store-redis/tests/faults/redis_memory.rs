use std::time::Duration;

use fastestmcp_core::error::{Outcome, StoreErrorKind};
use fastestmcp_core::session::{
    CommitOutcome, CommitRequest, CommitRule, Lifetime, Op, Scope, SessionStateStore, Touch,
};
use fastestmcp_test_servers::Redis;

use crate::node::store;

const LIFE: CommitRule = CommitRule::CreateIfMissing(Lifetime { ttl: Duration::from_secs(3_600), max_life: None });

#[tokio::test(flavor = "multi_thread")]
async fn full_memory_is_storage_full_reads_go_on_and_room_heals_it() {
    let redis = Redis::settings().line("maxmemory 24mb").line("maxmemory-policy noeviction").start().unwrap();
    let store = store(redis.url()).await;
    let scope = |number: usize| Scope::new(fastestmcp_core::session::ScopeKind::Session, number.to_string());
    let put = |number: usize| CommitRequest::new(scope(number), LIFE, vec![Op::put("key", vec![7; 256 << 10])]);
    let mut stored = 0;
    let full = loop {
        match store.commit(put(stored)).await {
            Ok(_) => stored += 1,
            Err(error) => break error,
        }
        assert!(stored < 1_000, "never full");
    };
    assert_eq!((full.kind, full.outcome), (StoreErrorKind::StorageFull, Outcome::NotApplied), "{full}");
    assert!(stored > 10, "full after {stored}");
    for number in 0..stored {
        let loaded = store.load(&scope(number), &["key"], None).await.unwrap().value;
        assert_eq!(loaded.entries[0].as_ref().map(|entry| entry.value.len()), Some(256 << 10));
    }
    // As every request of a session does.
    let touch = Touch { ttl: Duration::from_secs(7_200), slack: Duration::ZERO };
    let loaded = store.load(&scope(0), &["key"], Some(touch)).await.unwrap().value;
    assert!(loaded.scope.is_some() && loaded.entries[0].is_some());
    let refused = store.load(&scope(stored), &["key"], None).await.unwrap().value;
    assert!(refused.scope.is_none(), "a refused commit left its scope");
    // What frees memory works without any.
    assert!(store.delete_scope(&scope(0)).await.unwrap().value);
    assert!(store.delete_scope(&scope(1)).await.unwrap().value);
    redis.command(&["CONFIG", "SET", "maxmemory", "64mb"]).unwrap();
    let healed = store.commit(put(stored)).await.unwrap().value;
    assert!(matches!(healed, CommitOutcome::Committed(_)), "{healed:?}");
}
