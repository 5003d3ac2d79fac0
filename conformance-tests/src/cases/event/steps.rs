//! What the cases of this seam do over and over, in one line each.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use fastestmcp_core::event::{Event, EventLog, Keep, Offset, ReadFrom, TopicRead};

use crate::brief::brief;
use crate::halt::Halt;
use crate::scene::Scene;

pub(super) type Log = Arc<dyn EventLog>;

pub(super) const HOUR: Duration = Duration::from_secs(3_600);

/// Keeps everything that a case appends.
pub(super) const ALL: Keep = Keep::new(10_000, HOUR);

/// A topic that nothing has used yet.
pub(super) fn topic(scene: &Scene) -> String {
    scene.name("topic")
}

pub(super) async fn append(log: &Log, topic: &str, events: &[&str], keep: Keep) -> Result<Range<Offset>, Halt> {
    let events: Vec<Bytes> = events.iter().map(|event| Bytes::copy_from_slice(event.as_bytes())).collect();
    let count = events.len() as u64;
    let offsets = log.append(topic, events, keep).await?.value;
    if offsets.end.0.checked_sub(offsets.start.0) != Some(count) {
        return Err(Halt::Wrong(format!("{count} events appended, offsets {offsets:?}")));
    }
    Ok(offsets)
}

pub(super) async fn read(log: &Log, topic: &str, from: ReadFrom, limit: usize) -> Result<TopicRead, Halt> {
    let mut answers = log.read(&[(topic.to_owned(), from)], limit).await?.value;
    match (answers.pop(), answers.is_empty()) {
        (Some(one), true) => Ok(one),
        _ => Err(Halt::Wrong(format!("1 topic asked, {} answers", answers.len() + 1))),
    }
}

pub(super) async fn read_after(log: &Log, topic: &str, after: Offset) -> Result<TopicRead, Halt> {
    read(log, topic, ReadFrom::After(after), 1_000).await
}

/// The offset to read on from.
pub(super) async fn tail(log: &Log, topic: &str) -> Result<Offset, Halt> {
    match read(log, topic, ReadFrom::Tail, 1_000).await? {
        TopicRead::Events { items, next } if items.is_empty() => Ok(next),
        other => Err(Halt::Wrong(format!("a read of the tail should give an offset, got {}", brief(&other)))),
    }
}

/// The events after an offset; a gap ends the case.
pub(super) async fn events_after(log: &Log, topic: &str, after: Offset) -> Result<Vec<Event>, Halt> {
    match read_after(log, topic, after).await? {
        TopicRead::Events { items, .. } => Ok(items),
        gap => Err(Halt::Wrong(format!("events after {after:?} were due, got {}", brief(&gap)))),
    }
}

pub(super) fn texts(events: &[Event]) -> Vec<String> {
    events.iter().map(|event| String::from_utf8_lossy(&event.payload).into_owned()).collect()
}

/// Just before the first of these offsets.
pub(super) const fn before(offsets: &Range<Offset>) -> Offset {
    Offset(offsets.start.0.saturating_sub(1))
}
