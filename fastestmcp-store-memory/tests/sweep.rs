//! What the sweep and the wake-ups of the memory store do beyond the suite.

use std::sync::Arc;
use std::time::Duration;

use fastestmcp_core::backend::{Backend, SweepBudget};
use fastestmcp_core::event::{EventLog, Wake};
use fastestmcp_core::session::{CommitRequest, CommitRule, Lifetime, Op, Scope, ScopeKind, SessionStateStore};
use fastestmcp_core::time::ManualClock;
use fastestmcp_store_memory::{MemoryConfig, MemoryStore};
use futures_util::StreamExt;

fn with_keys(scope: &Scope, ttl: Duration, keys: usize) -> CommitRequest {
    let ops = (0..keys).map(|i| Op::put(format!("key {i:03}"), "value")).collect();
    CommitRequest::new(scope.clone(), CommitRule::CreateIfMissing(Lifetime { ttl, max_life: None }), ops)
}

fn session(i: usize) -> Scope {
    Scope::new(ScopeKind::Session, format!("session {i}"))
}

/// G14: steps keep to their budget, remove everything that is expired, and nothing else.
#[tokio::test]
async fn steps_keep_to_their_budget_and_together_remove_what_is_expired() {
    let clock = Arc::new(ManualClock::default());
    let store = MemoryStore::with_config(MemoryConfig::default().with_clock(clock.clone()));
    let (short, long) = (Duration::from_secs(1), Duration::from_secs(10));
    for i in 0..50 {
        store.commit(with_keys(&session(i), short, i)).await.unwrap();
    }
    store.commit(with_keys(&session(50), long, 100)).await.unwrap();
    clock.advance(short);
    assert_eq!(store.count_scopes(ScopeKind::Session, 1_000).await.unwrap().value, 1, "before any sweep");
    let budget = SweepBudget { max_rows: 7, ..SweepBudget::default() };
    let mut removed = 0;
    loop {
        let swept = store.sweep(budget).await.unwrap();
        assert!(swept.removed <= 7);
        removed += swept.removed;
        if !swept.more {
            break;
        }
    }
    assert_eq!(removed, 50 + (0..50).sum::<u64>(), "each scope and each of its keys once");
    assert_eq!(store.load(&session(50), &["key 099"], None).await.unwrap().value.entries.iter().flatten().count(), 1);
}

/// S5: the rows of a large deleted scope are left to the sweep, and a scope made again has none of them.
#[tokio::test]
async fn a_large_deleted_scope_is_freed_by_the_sweep() {
    let store = MemoryStore::new();
    let life = Duration::from_secs(60);
    store.commit(with_keys(&session(0), life, 500)).await.unwrap();
    assert!(store.delete_scope(&session(0)).await.unwrap().value);
    store.commit(with_keys(&session(0), life, 1)).await.unwrap();
    assert_eq!(store.load(&session(0), &["key 001"], None).await.unwrap().value.entries, [None]);
    assert_eq!(store.sweep(SweepBudget::default()).await.unwrap().removed, 500);
}

/// E6: who lags behind is told that wake-ups were lost, then hears the rest; the sender never waits.
#[tokio::test]
async fn a_listener_that_lags_behind_gets_a_reset() {
    let store = MemoryStore::new();
    let mut wakes = store.listen().await.unwrap();
    for i in 0..2_000 {
        store.wake(&[format!("channel {i}")]).await.unwrap();
    }
    assert_eq!(wakes.next().await, Some(Wake::Reset));
    assert_eq!(wakes.next().await, Some(Wake::Channel("channel 976".to_owned())));
}
