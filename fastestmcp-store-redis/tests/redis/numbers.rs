use std::sync::Arc;
use std::time::Duration;

use fastestmcp_core::event::{EventLog, Keep, ReadFrom, TopicRead};
use fastestmcp_core::ids::TaskId;
use fastestmcp_core::principal::Owner;
use fastestmcp_core::session::{Applied, CommitOutcome};
use fastestmcp_core::task::{ClaimRequest, Guard, NewTask, ReplaceOutcome, ReplaceRequest, TaskBackend, Then};
use fastestmcp_core::time::ManualClock;
use fastestmcp_store_redis::RedisStore;
use fastestmcp_test_servers::Redis;

use crate::pair::Pair;
use crate::steps::put;

const MINUTE: Duration = Duration::from_secs(60);

/// One number of each kind: a version of an entry, a version and a token of a task, an offset.
async fn draw(store: &RedisStore, id: &str) -> [u64; 4] {
    let CommitOutcome::Committed(applied) = put(store, "key", "value").await.unwrap() else { panic!() };
    let [Applied::Put(version)] = applied[..] else { panic!() };
    store
        .insert(NewTask::new(TaskId::new(id), Owner::new("owner"), "queue", "spec".into(), "state".into()))
        .await
        .unwrap();
    let claiming = ClaimRequest::new(vec!["queue".to_owned()], "worker", 1, 1_000 * MINUTE);
    let head = store.claim(claiming).await.unwrap().value.tasks.remove(0).head;
    let guard = Guard { version: head.version, token: None };
    let request = ReplaceRequest::new(head.id, guard, 0, "new".into(), Then::KeepLease);
    let ReplaceOutcome::Replaced(replaced) = store.replace(request).await.unwrap().value else { panic!() };
    let keep = Keep::new(10, MINUTE);
    let offset = store.append("topic", vec!["event".into()], keep).await.unwrap().value.start;
    [version.0, replaced.version.0, head.lease.unwrap().token.0, offset.0]
}

/// The highest of each kind.
async fn draw_many(store: &RedisStore, name: &str) -> [u64; 4] {
    let mut highest = [0; 4];
    for round in 0..50 {
        highest = draw(store, &format!("{name}-{round}")).await;
    }
    highest
}

#[tokio::test(flavor = "multi_thread")]
async fn a_promoted_replica_whose_clock_is_behind_issues_no_number_again() {
    let pair = Pair::start(Redis::settings()).await;
    let (ahead, behind) = (Arc::new(ManualClock::default()), Arc::new(ManualClock::default()));
    ahead.advance(MINUTE);
    let with = |clock: &Arc<ManualClock>| pair.config().clock(clock.clone());
    let old = RedisStore::open_with(with(&ahead)).await.unwrap();
    draw_many(&old, "heard").await;
    pair.in_step().await;
    pair.promote();
    // Acknowledged, and lost: what the promoted one never hears of.
    ahead.advance(MINUTE);
    let lost = draw_many(&old, "lost").await;
    pair.move_address();
    let new = RedisStore::open_with(with(&behind)).await.unwrap();
    let mut before = lost;
    for round in 0..3 {
        let drawn = draw(&new, &format!("new-{round}")).await;
        for (drawn, before) in drawn.iter().zip(before) {
            assert!(*drawn > before, "{drawn} was issued before: {drawn:?} after {before:?}");
        }
        before = drawn;
    }
    // Once, not at every write.
    let next = draw(&new, "next").await;
    assert!(next.iter().zip(before).all(|(next, before)| next - before < 100), "{next:?} after {before:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_are_told_of_a_gap_where_events_were_lost_with_a_server() {
    let pair = Pair::start(Redis::settings()).await;
    let old = RedisStore::open_with(pair.config()).await.unwrap();
    let keep = Keep::new(100, MINUTE);
    let append = async |store: &RedisStore, event: &str| {
        store.append("topic", vec![event.to_owned().into()], keep).await.unwrap().value.start
    };
    let read = async |store: &RedisStore, after| {
        let from = ReadFrom::After(after);
        store.read(&[("topic".to_owned(), from)], 10).await.unwrap().value.remove(0)
    };
    let first = append(&old, "first").await;
    let heard = append(&old, "heard").await;
    pair.in_step().await;
    pair.promote();
    let lost = append(&old, "lost").await;
    pair.move_address();
    let new = RedisStore::open_with(pair.config()).await.unwrap();
    append(&new, "after").await;
    for offset in [first, heard, lost] {
        let TopicRead::Gap { next, .. } = read(&new, offset).await else { panic!("a silent hole after {offset:?}") };
        let TopicRead::Events { items, .. } = read(&new, next).await else { panic!("a gap once more") };
        assert_eq!(items.iter().map(|event| &event.payload[..]).collect::<Vec<_>>(), [b"after"]);
    }
}
