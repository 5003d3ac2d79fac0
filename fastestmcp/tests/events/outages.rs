//! A log that fails, panics or hangs for a while delays its subscribers, and costs them nothing.

use std::time::Duration;

use fastestmcp_core::event::{EventBus, ReadFrom};
use tokio::time::Instant;

use super::watched::Fault;
use super::{expect, expect_nothing, memory, publish};

/// The reads of an outage, and how long it delayed what was published in it.
async fn outage(fault: Fault, times: usize) -> (usize, Duration) {
    let log = memory().await;
    let bus = EventBus::new(log.clone());
    let mut subscription = bus.subscribe("t", ReadFrom::Tail).await.unwrap();
    publish(&bus, "t", 0..3).await;
    expect(&mut subscription, 0..3).await;
    expect_nothing(&mut subscription).await;
    log.reads();
    log.fault(fault, times);
    let begun = Instant::now();
    for number in 3..100 {
        publish(&bus, "t", [number]).await;
        tokio::task::yield_now().await;
    }
    expect(&mut subscription, 3..100).await;
    let (reads, delay) = (log.reads().len(), begun.elapsed());
    expect_nothing(&mut subscription).await;
    (reads, delay)
}

#[tokio::test(start_paused = true)]
async fn a_log_that_fails_is_asked_once_a_second_until_it_answers() {
    let (reads, delay) = outage(Fault::Fail, 10).await;
    assert!((10..12).contains(&delay.as_secs()), "{delay:?}");
    assert!(reads <= 13, "{reads} reads of a log that fails");
}

#[tokio::test(start_paused = true)]
async fn a_log_that_panics_is_asked_once_a_second_until_it_answers() {
    let (reads, delay) = outage(Fault::Panic, 3).await;
    assert!((3..5).contains(&delay.as_secs()), "{delay:?}");
    assert!(reads <= 6, "{reads} reads of a log that panics");
}

#[tokio::test(start_paused = true)]
async fn a_log_that_hangs_is_given_up_and_asked_anew() {
    let (reads, delay) = outage(Fault::Hang, 2).await;
    assert!(delay < Duration::from_secs(70), "{delay:?}");
    assert!(reads <= 5, "{reads} reads of a log that hangs");
}

#[tokio::test(start_paused = true)]
async fn a_damaged_topic_costs_the_listeners_of_others_nothing() {
    let log = memory().await;
    let bus = EventBus::new(log.clone());
    let mut others = Vec::new();
    for topic in 0..50 {
        others.push(bus.subscribe(&topic.to_string(), ReadFrom::Tail).await.unwrap());
    }
    let mut damaged = bus.subscribe("damaged", ReadFrom::Tail).await.unwrap();
    log.damage("damaged");
    expect_nothing(&mut damaged).await;
    let begun = Instant::now();
    for (topic, subscription) in others.iter_mut().enumerate() {
        publish(&bus, &topic.to_string(), 0..3).await;
        bus.reset();
        expect(subscription, 0..3).await;
    }
    assert!(begun.elapsed() < Duration::from_millis(100), "{:?}", begun.elapsed());
}
