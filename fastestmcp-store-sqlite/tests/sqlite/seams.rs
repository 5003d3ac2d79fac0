//! All three seams through two handles on one file.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use fastestmcp_core::backend::{Backend, SweepBudget};
use fastestmcp_core::event::{EventLog, Keep, ReadFrom, TopicRead, Wake};
use fastestmcp_core::ids::TaskId;
use fastestmcp_core::principal::Owner;
use fastestmcp_core::session::{
    Applied, CommitOutcome, CommitRequest, CommitRule, Lifetime, Op, Scope, ScopeKind, SessionStateStore, Touch,
};
use fastestmcp_core::task::{
    ClaimRequest, Guard, InsertOutcome, NewTask, Part, ReplaceOutcome, ReplaceRequest, TaskBackend, Then,
};
use fastestmcp_core::time::ManualClock;
use fastestmcp_store_sqlite::{SqliteConfig, SqliteStore};
use futures_util::StreamExt;

struct Pair {
    _folder: tempfile::TempDir,
    clock: Arc<ManualClock>,
    a: SqliteStore,
    b: SqliteStore,
}

async fn pair() -> Pair {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::default());
    let config = SqliteConfig::new(folder.path().join("state.db")).clock(clock.clone());
    let a = SqliteStore::open_with(config.clone()).await.unwrap();
    let b = SqliteStore::open_with(config).await.unwrap();
    Pair { _folder: folder, clock, a, b }
}

const TTL: Duration = Duration::from_secs(60);
const SESSION: CommitRule = CommitRule::CreateIfMissing(Lifetime { ttl: TTL, max_life: None });

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn values_written_by_one_handle_are_read_touched_and_expired_by_the_other() {
    let pair = pair().await;
    let scope = Scope::new(ScopeKind::Session, "s");
    let commit = CommitRequest::new(scope.clone(), SESSION, vec![Op::put("k", "v"), Op::put("empty", "")]);
    let CommitOutcome::Committed(applied) = pair.a.commit(commit).await.unwrap().value else { panic!() };
    let versions: Vec<_> = applied.iter().map(|applied| matches!(applied, Applied::Put(_))).collect();
    assert_eq!(versions, [true, true]);

    let loaded = pair.b.load(&scope, &["k", "absent", "empty"], None).await.unwrap().value;
    let values: Vec<_> = loaded.entries.iter().map(|entry| entry.as_ref().map(|entry| &entry.value[..])).collect();
    assert_eq!(values, [Some(&b"v"[..]), None, Some(&b""[..])]);

    pair.clock.advance(TTL - Duration::from_millis(1));
    let touched = pair.b.load(&scope, &[], Some(Touch::new(TTL))).await.unwrap();
    assert_eq!(touched.value.scope.unwrap().expires, Some(touched.now.after(TTL)));
    pair.clock.advance(TTL - Duration::from_millis(1));
    assert!(pair.a.load(&scope, &[], None).await.unwrap().value.scope.is_some());
    pair.clock.advance(Duration::from_millis(1));
    assert!(pair.a.load(&scope, &[], None).await.unwrap().value.scope.is_none());
    let swept = pair.a.sweep(SweepBudget::default()).await.unwrap();
    assert_eq!((swept.removed, swept.more), (3, false));
    assert_eq!(pair.b.sweep(SweepBudget::default()).await.unwrap().removed, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_task_goes_from_insert_to_its_end_over_two_handles() {
    let pair = pair().await;
    let id = TaskId::new("t");
    let task = NewTask::new(id.clone(), Owner::new("o"), "q", Bytes::from("spec"), Bytes::from("state"));
    let inserted = pair.a.insert(task.clone()).await.unwrap().value;
    assert!(matches!(inserted, InsertOutcome::Inserted(_)));
    assert!(matches!(pair.b.insert(task).await.unwrap().value, InsertOutcome::Existing(_)));

    let claim = ClaimRequest::new(vec!["q".into()], "w", 10, TTL);
    let claimed = pair.b.claim(claim.clone()).await.unwrap().value;
    assert_eq!(claimed.tasks.len(), 1);
    let record = &claimed.tasks[0];
    assert_eq!(record.spec.as_deref(), Some(&b"spec"[..]));
    assert!(pair.a.claim(claim).await.unwrap().value.tasks.is_empty());

    let token = record.head.lease.as_ref().map(|lease| lease.token);
    let guard = Guard { version: record.head.version, token };
    let done = ReplaceRequest::new(id.clone(), guard, 7, Bytes::from("done"), Then::Terminal { retain: TTL });
    assert!(matches!(pair.a.replace(done.clone()).await.unwrap().value, ReplaceOutcome::Replaced(_)));
    assert_eq!(pair.a.replace(done).await.unwrap().value, ReplaceOutcome::LeaseLost);
    let filter = fastestmcp_core::principal::OwnerFilter::Any;
    let read = pair.b.get(&[id], &filter, Part::State).await.unwrap().value.remove(0).unwrap();
    assert_eq!((read.head.status, read.head.open, read.state.as_deref()), (7, false, Some(&b"done"[..])));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_appended_after_a_tail_read_of_an_unknown_topic_is_seen_without_a_gap() {
    let pair = pair().await;
    let keep = Keep::new(10, TTL);
    let read = |from| [("topic".to_owned(), from)];
    let tail = pair.a.read(&read(ReadFrom::Tail), 10).await.unwrap().value.remove(0);
    let TopicRead::Events { next, .. } = tail else { panic!("{tail:?}") };
    let offsets = pair.b.append("topic", vec![Bytes::from("1"), Bytes::from("2")], keep).await.unwrap().value;
    let seen = pair.a.read(&read(ReadFrom::After(next)), 10).await.unwrap().value.remove(0);
    let TopicRead::Events { items, next } = seen else { panic!("{seen:?}") };
    assert_eq!((items[0].offset, items.len(), next.0 + 1), (offsets.start, 2, offsets.end.0));

    pair.clock.advance(TTL);
    pair.a.sweep(SweepBudget::default()).await.unwrap();
    for _ in 0..2 {
        let vanished = pair.a.read(&read(ReadFrom::After(next)), 10).await.unwrap().value.remove(0);
        assert!(matches!(vanished, TopicRead::Gap { .. }), "{vanished:?}");
        let again = pair.b.append("topic", vec![Bytes::from("3")], keep).await.unwrap().value;
        assert!(again.start >= offsets.end);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wake_up_reaches_both_handles_and_comes_once_to_its_sender() {
    let pair = pair().await;
    let mut own = pair.a.listen().await.unwrap();
    let mut other = pair.b.listen().await.unwrap();
    pair.a.wake(&["c".to_owned()]).await.unwrap();
    assert_eq!(other.next().await, Some(Wake::Channel("c".into())));
    pair.b.wake(&["d".to_owned()]).await.unwrap();
    assert_eq!(own.next().await, Some(Wake::Channel("c".into())));
    assert_eq!(own.next().await, Some(Wake::Channel("d".into())), "its own came once");
}
