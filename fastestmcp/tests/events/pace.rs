//! Nobody is slowed by others (contract E6), and nobody waits for wake-ups (R9).

use std::time::Duration;

use fastestmcp_core::event::{Delivery, EventBus, Offset, ReadFrom};
use tokio::time::{Instant, timeout};

use super::{ALL, delivery, expect, expect_nothing, memory, next, publish};

#[tokio::test(start_paused = true)]
async fn who_is_too_slow_is_told_once_and_goes_on_while_the_fast_get_everything() {
    let bus = EventBus::new(memory().await);
    let mut slow = bus.subscribe("t", ReadFrom::Tail).await.unwrap();
    let mut fast = bus.subscribe("t", ReadFrom::Tail).await.unwrap();
    for number in 0..400 {
        publish(&bus, "t", [number]).await;
        expect(&mut fast, [number]).await;
    }
    expect(&mut slow, 0..256).await;
    assert_eq!(next(&mut slow).await, Err(Delivery::Lagged));
    expect_nothing(&mut slow).await;
    publish(&bus, "t", 400..403).await;
    expect(&mut slow, 400..403).await;
    expect(&mut fast, 400..403).await;
    expect_nothing(&mut slow).await;
}

#[tokio::test(start_paused = true)]
async fn a_burst_is_no_reason_to_lag_for_who_takes_what_comes() {
    let bus = EventBus::new(memory().await);
    let mut fast = bus.subscribe("t", ReadFrom::Tail).await.unwrap();
    for burst in 0..5 {
        publish(&bus, "t", burst * 1_000..(burst + 1) * 1_000).await;
    }
    expect(&mut fast, 0..5_000).await;
}

#[tokio::test(start_paused = true)]
async fn what_was_in_the_log_before_is_replayed_at_the_pace_of_who_takes_it() {
    let bus = EventBus::new(memory().await);
    publish(&bus, "t", 0..1_000).await;
    let mut live = bus.subscribe("t", ReadFrom::Tail).await.unwrap();
    let mut replay = bus.subscribe("t", ReadFrom::After(Offset(0))).await.unwrap();
    for number in 0..1_000 {
        expect(&mut replay, [number]).await;
        publish(&bus, "t", [1_000 + number]).await;
        expect(&mut live, [1_000 + number]).await;
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    expect(&mut replay, 1_000..2_000).await;
}

#[tokio::test(start_paused = true)]
async fn a_topic_with_large_events_does_not_keep_others_waiting() {
    let bus = EventBus::new(memory().await);
    let mut large = bus.subscribe("large", ReadFrom::Tail).await.unwrap();
    let mut small = bus.subscribe("small", ReadFrom::Tail).await.unwrap();
    expect_nothing(&mut large).await;
    let begun = Instant::now();
    for _ in 0..10 {
        let events = vec![vec![0; 3 << 20].into(); 5];
        bus.publish("large", events, ALL).await.unwrap();
    }
    publish(&bus, "small", 0..3).await;
    expect(&mut small, 0..3).await;
    assert!(begun.elapsed() < Duration::from_millis(100), "{:?}", begun.elapsed());
    for _ in 0..50 {
        assert!(matches!(delivery(&mut large).await, Some(Delivery::Event(_))));
    }
    assert!(begun.elapsed() < Duration::from_millis(100), "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_publisher_does_not_wait_for_wake_ups() {
    let log = memory().await;
    let bus = EventBus::new(log.clone());
    let mut subscription = bus.subscribe("t", ReadFrom::Tail).await.unwrap();
    log.hang_wakes();
    timeout(Duration::from_secs(1), publish(&bus, "t", 0..3)).await.expect("a publisher waits for a wake-up");
    expect(&mut subscription, 0..3).await;
}

#[tokio::test(start_paused = true)]
async fn a_topic_whose_name_is_too_long_to_be_announced_costs_others_no_wake_up() {
    let log = memory().await;
    let bus = EventBus::new(log.clone());
    let mut subscription = bus.subscribe(&"t".repeat(510), ReadFrom::Tail).await.unwrap();
    publish(&bus, &"t".repeat(510), [0]).await;
    publish(&bus, "short", [0]).await;
    expect(&mut subscription, [0]).await;
    assert_eq!(log.wakes(), [["event/short"]]);
}
