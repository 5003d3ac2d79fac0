//! One reader per node: what it asks of the log, and that it is gone when nobody listens.

use std::sync::Arc;
use std::time::Duration;

use fastestmcp_core::event::{EventBus, ReadFrom};
use tokio::runtime::Handle;
use tokio::time::{Instant, sleep};

use super::watched::Fault;
use super::{delivery, expect, expect_nothing, memory, publish};

#[tokio::test(start_paused = true)]
async fn a_thousand_idle_subscribers_cost_one_read_a_second() {
    let log = memory().await;
    let bus = EventBus::new(log.clone());
    let mut subscriptions = Vec::new();
    for topic in 0..1_000 {
        subscriptions.push(bus.subscribe(&topic.to_string(), ReadFrom::Tail).await.unwrap());
    }
    sleep(Duration::from_millis(1_500)).await;
    log.reads();
    sleep(Duration::from_secs(60)).await;
    assert_eq!(log.reads(), vec![1_000; 60]);
    // A wake-up costs one read of its topic.
    bus.woken("event/500");
    sleep(Duration::from_millis(100)).await;
    assert_eq!(log.reads(), [1]);
    // One topic more than fits into one read.
    let _more = bus.subscribe("one more", ReadFrom::Tail).await.unwrap();
    sleep(Duration::from_secs(1)).await;
    log.reads();
    sleep(Duration::from_secs(10)).await;
    assert_eq!(log.reads().len(), 20);
}

#[tokio::test(start_paused = true)]
async fn subscribers_of_one_topic_share_one_question() {
    let log = memory().await;
    let bus = EventBus::new(log.clone());
    let mut subscriptions = Vec::new();
    for number in 0..100 {
        subscriptions.push(bus.subscribe("t", ReadFrom::Tail).await.unwrap());
        publish(&bus, "t", [number]).await;
    }
    for (first, subscription) in (0..).zip(&mut subscriptions) {
        expect(subscription, first..100).await;
    }
    sleep(Duration::from_millis(1_500)).await;
    log.reads();
    sleep(Duration::from_secs(10)).await;
    assert_eq!(log.reads(), [1; 10]);
}

#[tokio::test(start_paused = true)]
async fn wake_ups_in_quick_succession_share_one_read() {
    let log = memory().await;
    let bus = EventBus::new(log.clone());
    let mut subscriptions = Vec::new();
    for topic in ["a", "b", "c"] {
        subscriptions.push(bus.subscribe(topic, ReadFrom::Tail).await.unwrap());
    }
    sleep(Duration::from_millis(100)).await;
    log.reads();
    for topic in ["a", "b", "a", "of nobody"].iter().cycle().take(100) {
        bus.woken(&format!("event/{topic}"));
    }
    sleep(Duration::from_millis(100)).await;
    assert_eq!(log.reads(), [2]);
    assert!(!bus.woken("task/a"));
    bus.reset();
    sleep(Duration::from_millis(100)).await;
    assert_eq!(log.reads(), [3], "all are read at once when wake-ups were lost");
}

#[tokio::test(start_paused = true)]
async fn nothing_is_left_of_a_subscriber_that_is_gone() {
    let log = memory().await;
    let bus = EventBus::new(log.clone());
    let (tasks, handles) = (Handle::current().metrics().num_alive_tasks(), Arc::strong_count(&log));
    for fault in [None, Some(Fault::Fail), Some(Fault::Hang)] {
        let mut first = bus.subscribe("t", ReadFrom::Tail).await.unwrap();
        let second = bus.subscribe("t", ReadFrom::Tail).await.unwrap();
        let third = bus.subscribe("u", ReadFrom::Tail).await.unwrap();
        expect_nothing(&mut first).await;
        assert!(Handle::current().metrics().num_alive_tasks() == tasks + 1, "one reader for all");
        assert_eq!(format!("{bus:?}"), "EventBus { topics: 2, .. }");
        drop((first, third));
        assert_eq!(format!("{bus:?}"), "EventBus { topics: 1, .. }");
        if let Some(fault) = fault {
            log.fault(fault, 1);
            bus.reset();
            sleep(Duration::from_millis(100)).await;
        }
        drop(second);
        assert_eq!(format!("{bus:?}"), "EventBus { topics: 0, .. }");
        sleep(Duration::from_millis(1)).await;
        assert_eq!(Handle::current().metrics().num_alive_tasks(), tasks, "the reader has ended");
        assert_eq!(Arc::strong_count(&log), handles);
    }
    log.reads();
    sleep(Duration::from_secs(60)).await;
    assert_eq!(log.reads(), [0; 0], "nobody listens");
}

#[tokio::test(start_paused = true)]
async fn with_the_last_handle_of_the_bus_its_reader_and_its_subscriptions_end() {
    let log = memory().await;
    let handles = Arc::strong_count(&log);
    let bus = EventBus::new(log.clone());
    let mut subscription = bus.subscribe("t", ReadFrom::Tail).await.unwrap();
    publish(&bus, "t", 0..3).await;
    sleep(Duration::from_millis(100)).await;
    drop(bus.clone());
    let begun = Instant::now();
    drop(bus);
    expect(&mut subscription, 0..3).await;
    assert!(delivery(&mut subscription).await.is_none());
    assert_eq!(begun.elapsed(), Duration::ZERO);
    sleep(Duration::from_millis(1)).await;
    assert_eq!(Arc::strong_count(&log), handles, "the reader has ended");
}
