//! What waited for the lock until a deadline had passed: the time that counts is that after the wait (G1, G3).

use std::sync::Arc;
use std::time::Duration;

use fastestmcp_core::ids::TaskId;
use fastestmcp_core::principal::Owner;
use fastestmcp_core::session::{CommitOutcome, CommitRequest, CommitRule, Op, SessionStateStore, Touch};
use fastestmcp_core::task::{Guard, NewTask, Renewed, ReplaceOutcome, ReplaceRequest, TaskBackend, Then};
use fastestmcp_core::time::ManualClock;
use fastestmcp_store_sqlite::SqliteStore;

use crate::file::{CREATE, File, HOUR, open, session};

/// Begins `operation` while another program has the lock, and lets an hour pass before it gives it back.
async fn an_hour_late<T: Send + 'static>(
    file: &File,
    clock: &ManualClock,
    operation: impl Future<Output = T> + Send + 'static,
) -> T {
    let lock = file.raw();
    lock.execute_batch("BEGIN IMMEDIATE").unwrap();
    let waiting = tokio::spawn(operation);
    // For it to get as far as the lock; earlier or later, the answer must be the same.
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(!waiting.is_finished(), "it does not wait for the lock");
    clock.advance(HOUR);
    lock.execute_batch("COMMIT").unwrap();
    waiting.await.unwrap()
}

async fn store(file: &File) -> (SqliteStore, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::default());
    (open(file.quick().clock(clock.clone())).await, clock)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_touch_that_waited_past_the_end_of_its_scope_revives_nothing() {
    let file = File::new();
    let (store, clock) = store(&file).await;
    let scope = session("touched");
    store.commit(CommitRequest::new(scope.clone(), CREATE, vec![Op::put("key", "x")])).await.unwrap();
    clock.advance(HOUR / 2);
    let (late, of) = (store.clone(), scope.clone());
    let touch = Some(Touch { ttl: HOUR, slack: Duration::ZERO });
    let answer = an_hour_late(&file, &clock, async move { late.load(&of, &["key"], touch).await.unwrap().value }).await;
    assert_eq!((answer.scope, answer.entries), (None, vec![None]));
    assert_eq!(store.load(&scope, &["key"], None).await.unwrap().value.scope, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_that_waited_past_the_end_of_its_scope_finds_it_gone() {
    let file = File::new();
    let (store, clock) = store(&file).await;
    let scope = session("written");
    store.commit(CommitRequest::new(scope.clone(), CREATE, vec![])).await.unwrap();
    let late = store.clone();
    let request = CommitRequest::new(scope, CommitRule::Existing, vec![Op::put("key", "x")]);
    let done = an_hour_late(&file, &clock, async move { late.commit(request).await.unwrap().value }).await;
    assert_eq!(done, CommitOutcome::ScopeGone);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_or_a_renewal_that_waited_past_the_end_of_its_task_finds_it_gone() {
    let file = File::new();
    let (store, clock) = store(&file).await;
    for renews in [true, false] {
        let id = TaskId::new(format!("task-{renews}"));
        let mut new = NewTask::new(id.clone(), Owner::new("owner"), id.as_str(), "spec".into(), "state".into());
        new.ttl = Some(HOUR);
        store.insert(new).await.unwrap();
        let request = fastestmcp_core::task::ClaimRequest::new(vec![id.as_str().to_owned()], "worker", 1, HOUR * 2);
        let head = store.claim(request).await.unwrap().value.tasks.remove(0).head;
        let token = head.lease.unwrap().token;
        let late = store.clone();
        let (renewed, replaced) = an_hour_late(&file, &clock, async move {
            if renews {
                return (Some(late.renew(&[(id, token)], HOUR).await.unwrap().value), None);
            }
            let guard = Guard { version: head.version, token: Some(token) };
            let ended = ReplaceRequest::new(id, guard, 1, "state".into(), Then::Terminal { retain: HOUR });
            (None, Some(late.replace(ended).await.unwrap().value))
        })
        .await;
        assert!(renewed.is_none_or(|renewed| renewed == [Renewed::Lost]));
        assert!(replaced.is_none_or(|replaced| replaced == ReplaceOutcome::Missing));
    }
}
