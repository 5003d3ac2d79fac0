use fastestmcp_core::backend::Backend;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use fastestmcp_core::event::{EventLog, Keep, ReadFrom, TopicRead, Wake};
use fastestmcp_core::time::ManualClock;
use futures_util::StreamExt;

use crate::file::{File, open};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn trimmed_events_are_a_gap_and_what_must_be_kept_is_there() {
    let file = File::new();
    let clock = Arc::new(ManualClock::default());
    let store = open(file.quick().clock(clock.clone())).await;
    let keep = Keep::new(10, Duration::from_secs(60));
    let mut first = None;
    for index in 0..500 {
        let offsets = store.append("t", vec![Bytes::from(index.to_string())], keep).await.unwrap().value;
        first.get_or_insert(offsets.start);
        clock.advance(Duration::from_secs(1));
    }
    let from = |offset| [("t".to_owned(), ReadFrom::After(offset))];
    let gap = store.read(&from(first.unwrap()), 1_000).await.unwrap().value.remove(0);
    let TopicRead::Gap { oldest: Some(oldest), next } = gap else { panic!("{gap:?}") };
    let rest = store.read(&from(next), 1_000).await.unwrap().value.remove(0);
    let TopicRead::Events { items, .. } = rest else { panic!("{rest:?}") };
    assert_eq!(items[0].offset, oldest);
    assert!((60..200).contains(&items.len()), "{} events of a minute and of ten", items.len());
    assert_eq!(items.last().unwrap().payload, "499");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_listener_that_missed_wake_ups_is_told_to_reset() {
    let file = File::new();
    let sender = open(file.quick()).await;
    let listener = open(file.quick()).await;
    let mut wakes = listener.listen().await.unwrap();
    sender.wake(&["first".to_owned()]).await.unwrap();
    assert_eq!(wakes.next().await, Some(Wake::Channel("first".into())));
    // As if thousands had come and gone between two looks.
    let raw = file.raw();
    raw.execute_batch(
        "BEGIN IMMEDIATE;
         INSERT INTO wake (id, ns, origin, channel) SELECT max(id) + 100, ns, 0, x'61' FROM wake;
         COMMIT",
    )
    .unwrap();
    assert_eq!(wakes.next().await, Some(Wake::Reset));
    assert_eq!(wakes.next().await, Some(Wake::Channel("a".into())));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_table_of_wake_ups_stays_small() {
    let file = File::new();
    let store = open(file.quick()).await;
    for round in 0..12 {
        let channels: Vec<_> = (0..1_000).map(|index| format!("{round}-{index}")).collect();
        store.wake(&channels).await.unwrap();
    }
    store.close().await.unwrap();
    let (rows, last): (i64, i64) =
        file.raw().query_row("SELECT count(*), max(id) FROM wake", [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    assert!(rows <= 4_096 && last >= rows, "{rows} rows, the last {last}");
}
