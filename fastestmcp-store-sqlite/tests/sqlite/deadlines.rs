use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use fastestmcp_core::backend::Backend;
use fastestmcp_core::error::{Outcome, StoreErrorKind};
use fastestmcp_core::time::{Clock, HostClock, StoreTime};

use crate::file::{File, get, open, put};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_still_waits_for_the_lock_at_its_deadline_is_never_applied() {
    let file = File::new();
    let store = open(file.quick().timeout(Duration::from_millis(200))).await;
    put(&store, "before", "v").await.unwrap();
    let lock = file.raw();
    lock.execute_batch("BEGIN IMMEDIATE").unwrap();
    let started = Instant::now();
    let error = put(&store, "late", "v").await.unwrap_err();
    assert_eq!((error.kind, error.outcome), (StoreErrorKind::Timeout, Outcome::NotApplied), "{error}");
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
    assert!(get(&store, "before").await.is_some(), "reads do not wait for writers");
    lock.execute_batch("COMMIT").unwrap();
    put(&store, "after", "v").await.unwrap();
    assert_eq!(get(&store, "late").await, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operation_whose_caller_went_away_is_applied_whole() {
    let file = File::new();
    let store = open(file.quick()).await;
    let lock = file.raw();
    lock.execute_batch("BEGIN IMMEDIATE").unwrap();
    let gone = tokio::time::timeout(Duration::from_millis(20), put(&store, "gone", "v")).await;
    assert!(gone.is_err(), "it waits for the lock");
    lock.execute_batch("COMMIT").unwrap();
    put(&store, "next", "v").await.unwrap();
    assert!(get(&store, "gone").await.is_some());
}

/// A clock that can be made to panic, which ends the thread that reads it.
#[derive(Debug, Default)]
struct Bomb(AtomicBool);

impl Clock for Bomb {
    fn now(&self) -> StoreTime {
        assert!(!self.0.load(Ordering::SeqCst), "planted");
        HostClock.now()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_waits_for_a_thread_that_died() {
    let file = File::new();
    let bomb = Arc::new(Bomb::default());
    let store = open(file.quick().clock(bomb.clone())).await;
    put(&store, "before", "v").await.unwrap();
    bomb.0.store(true, Ordering::SeqCst);
    let started = Instant::now();
    for _ in 0..3 {
        let error = put(&store, "s", "v").await.unwrap_err();
        assert!(matches!(error.kind, StoreErrorKind::Unavailable | StoreErrorKind::Unexpected), "{error}");
        store.ping().await.unwrap_err();
    }
    assert!(started.elapsed() < Duration::from_secs(4), "typed at once, not by timeout");
    store.close().await.unwrap();
    let again = open(file.quick()).await;
    assert!(get(&again, "before").await.is_some());
    assert_eq!(get(&again, "s").await, None);
}
