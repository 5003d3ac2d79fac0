//! The event bus over real logs: what each subscriber gets, and what it costs.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]
#![allow(clippy::future_not_send, reason = "a test runs on one thread")]

mod cost;
mod joins;
mod outages;
mod pace;
mod watched;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use fastestmcp::connect;
use fastestmcp_core::event::{Delivery, EventBus, EventLog, EventSubscription, Keep};
use tokio::time::timeout;

use watched::Watched;

/// All of it.
const ALL: Keep = Keep::new(1_000_000, Duration::from_secs(3_600));

async fn memory() -> Arc<Watched> {
    Watched::new(connect("memory:").await.unwrap().events)
}

/// Runs a test on every kind of log.
async fn on_every_log<F: Future<Output = ()>>(test: impl Fn(Arc<dyn EventLog>) -> F) {
    test(connect("memory:").await.unwrap().events).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    test(connect(&format!("sqlite:{}", path.display())).await.unwrap().events).await;
}

fn event(number: u32) -> Bytes {
    Bytes::from(number.to_string())
}

async fn publish(bus: &EventBus, topic: &str, numbers: impl IntoIterator<Item = u32>) {
    bus.publish(topic, numbers.into_iter().map(event).collect(), ALL).await.unwrap();
}

/// What comes next; if that is nothing, the test fails and does not hang.
async fn delivery(subscription: &mut EventSubscription) -> Option<Delivery> {
    timeout(Duration::from_secs(120), subscription.next()).await.expect("nothing comes")
}

/// The number of the next event, or what came instead.
async fn next(subscription: &mut EventSubscription) -> Result<u32, Delivery> {
    match delivery(subscription).await.expect("the bus lives") {
        Delivery::Event(event) => Ok(std::str::from_utf8(&event.payload).unwrap().parse().unwrap()),
        other => Err(other),
    }
}

/// Takes exactly these events, and no others.
async fn expect(subscription: &mut EventSubscription, numbers: impl IntoIterator<Item = u32>) {
    for number in numbers {
        assert_eq!(next(subscription).await, Ok(number));
    }
}

/// Nothing comes, not even after a while.
async fn expect_nothing(subscription: &mut EventSubscription) {
    let late = timeout(Duration::from_secs(5), subscription.next()).await;
    assert!(late.is_err(), "{late:?}");
}
