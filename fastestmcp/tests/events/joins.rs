//! Whoever joins, whenever it joins, gets all that is appended from then on: once, and in order.

use std::sync::Arc;
use std::time::Duration;

use fastestmcp_core::backend::SweepBudget;
use fastestmcp_core::event::{Delivery, EventBus, Keep, Offset, ReadFrom};
use tokio::sync::{Barrier, watch};
use tokio::time::{Instant, timeout};

use super::watched::{Fault, Watched};
use super::{event, expect, expect_nothing, memory, next, on_every_log, publish};

const WRITERS: u32 = 4;
const EVENTS: u32 = 50;
const JOINERS: u32 = 20;
/// All together are fewer than a subscriber has room for: nobody lags, however slow the machine is.
const LAST: u32 = 99;
const ROUNDS: u32 = 8;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn whoever_joins_in_a_storm_gets_everything_from_there_on_once_and_in_order() {
    on_every_log(async |log| {
        let bus = EventBus::new(log);
        for round in 0..ROUNDS {
            let topic = format!("storm {round}");
            timeout(Duration::from_secs(60), storm(&bus, &topic)).await.expect("somebody gets nothing");
        }
    })
    .await;
}

/// Many write to a topic, and while they do others join it.
async fn storm(bus: &EventBus, topic: &str) {
    let written = watch::Sender::new(0);
    let all_joined = Arc::new(Barrier::new(JOINERS as usize + 1));
    for writer in 0..WRITERS {
        let (bus, topic, written) = (bus.clone(), topic.to_owned(), written.clone());
        tokio::spawn(async move {
            for number in 0..EVENTS {
                publish(&bus, &topic, [writer * 1_000 + number]).await;
                written.send_modify(|count| *count += 1);
                tokio::task::yield_now().await;
            }
        });
    }
    let mut joiners = Vec::new();
    for joiner in 0..JOINERS {
        let (bus, topic, all_joined) = (bus.clone(), topic.to_owned(), all_joined.clone());
        let mut written = written.subscribe();
        joiners.push(tokio::spawn(async move {
            written.wait_for(|count| *count >= joiner * WRITERS * EVENTS / JOINERS).await.unwrap();
            let from = if joiner % 2 == 0 { ReadFrom::Tail } else { ReadFrom::After(Offset(0)) };
            let mut subscription = bus.subscribe(&topic, from).await.unwrap();
            // What this publishes comes after the acknowledgement.
            let mark = 100_000 + joiner;
            publish(&bus, &topic, [mark]).await;
            let mut got = Vec::new();
            while got.last() != Some(&mark) {
                got.push(next(&mut subscription).await.unwrap());
            }
            all_joined.wait().await;
            while got.last() != Some(&LAST) {
                got.push(next(&mut subscription).await.unwrap());
            }
            (from, got)
        }));
    }
    all_joined.wait().await;
    let mut written = written.subscribe();
    written.wait_for(|count| *count == WRITERS * EVENTS).await.unwrap();
    publish(bus, topic, [LAST]).await;
    let mut whole = bus.subscribe(topic, ReadFrom::After(Offset(0))).await.unwrap();
    let mut log = Vec::new();
    for _ in 0..WRITERS * EVENTS + JOINERS + 1 {
        log.push(next(&mut whole).await.unwrap());
    }
    for joiner in joiners {
        let (from, got) = joiner.await.unwrap();
        assert!(log.ends_with(&got), "a hole, a duplicate or another order:\n{got:?}\nof\n{log:?}");
        assert!(from == ReadFrom::Tail || got.len() == log.len(), "it was to begin at the beginning");
    }
}

#[tokio::test(start_paused = true)]
async fn an_event_that_comes_between_the_first_read_and_the_acknowledgement_comes_at_once() {
    let log = memory().await;
    let bus = EventBus::new(log.clone());
    log.fault(Fault::Late, 1);
    let (joined, ()) = tokio::join!(bus.subscribe("t", ReadFrom::Tail), async {
        tokio::task::yield_now().await;
        publish(&bus, "t", [0]).await;
    });
    let begun = Instant::now();
    expect(&mut joined.unwrap(), [0]).await;
    assert!(begun.elapsed() < Duration::from_millis(100), "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn whoever_joins_a_topic_that_others_follow_starts_at_its_own_place() {
    let bus = EventBus::new(memory().await);
    let mut first = bus.subscribe("t", ReadFrom::Tail).await.unwrap();
    publish(&bus, "t", 0..3).await;
    expect(&mut first, 0..3).await;
    publish(&bus, "t", 3..5).await;
    let mut tail = bus.subscribe("t", ReadFrom::Tail).await.unwrap();
    let mut whole = bus.subscribe("t", ReadFrom::After(Offset(0))).await.unwrap();
    publish(&bus, "t", 5..7).await;
    expect(&mut first, 3..7).await;
    expect(&mut tail, 5..7).await;
    expect(&mut whole, 0..7).await;
    for subscription in [&mut first, &mut tail, &mut whole] {
        expect_nothing(subscription).await;
    }
}

#[tokio::test(start_paused = true)]
async fn who_leaves_and_comes_back_at_once_gets_nothing_twice() {
    let bus = EventBus::new(memory().await);
    let _other = bus.subscribe("t", ReadFrom::Tail).await.unwrap();
    for _ in 0..3 {
        drop(bus.subscribe("u", ReadFrom::Tail).await.unwrap());
    }
    let mut back = bus.subscribe("u", ReadFrom::Tail).await.unwrap();
    publish(&bus, "u", 0..3).await;
    expect(&mut back, 0..3).await;
    expect_nothing(&mut back).await;
}

#[tokio::test]
async fn a_gap_is_told_when_the_log_has_moved_on_and_what_is_left_follows() {
    on_every_log(async |log| {
        let watched = Watched::new(log.clone());
        let bus = EventBus::new(watched.clone());
        let mut subscription = bus.subscribe("t", ReadFrom::Tail).await.unwrap();
        publish(&bus, "t", [0]).await;
        expect(&mut subscription, [0]).await;
        watched.fault(Fault::Fail, 1);
        for number in 1..20 {
            bus.publish("t", vec![event(number)], Keep::new(5, Duration::ZERO)).await.unwrap();
        }
        while log.sweep(SweepBudget::default()).await.unwrap().more {}
        bus.publish("t", vec![event(20)], Keep::new(5, Duration::ZERO)).await.unwrap();
        let mut got = vec![next(&mut subscription).await];
        while got.last() != Some(&Ok(20)) {
            got.push(next(&mut subscription).await);
        }
        assert_eq!(got[0], Err(Delivery::Gap));
        let left: Vec<_> = (21 - (got.len() as u32 - 1)..=20).map(Ok).collect();
        assert_eq!(got[1..], left, "what is left, without a hole");
    })
    .await;
}
