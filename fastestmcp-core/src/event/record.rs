use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::limits::{Limits, Refused, check_delay};

/// The largest number that every store keeps exactly.
const MAX_NUMBER: u64 = 1 << 53;

/// The place of an event in its topic: strictly rising in commit order, never repeated, also when the topic vanishes
/// and is made again. Below 2^53.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Offset(pub u64);

impl fmt::Debug for Offset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "@{}", self.0)
    }
}

/// An event as it was appended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its place.
    pub offset: Offset,
    /// Its bytes.
    pub payload: Bytes,
}

/// What a topic keeps: at least its newest events by count and by age, so that one is dropped only when it is beyond both,
/// and at most so many bytes.
///
/// ```
/// use std::time::Duration;
///
/// use fastestmcp_core::event::Keep;
///
/// // The last minute and the last 100 events, as far as they fit into 1 MiB.
/// let keep = Keep::new(100, Duration::from_secs(60)).max_bytes(1 << 20);
/// assert_eq!(keep.max_bytes, Some(1 << 20));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Keep {
    /// At least the newest so many.
    pub count: u32,
    /// At least those younger than this.
    pub age: Duration,
    /// But no more bytes of payloads than this, if it is set: above it the oldest events go first. The newest event always
    /// stays.
    pub max_bytes: Option<u64>,
}

impl Keep {
    /// At least the newest `count` events and those younger than `age`, whatever their size.
    pub const fn new(count: u32, age: Duration) -> Self {
        Self { count, age, max_bytes: None }
    }

    /// No more than `bytes` of payloads, from 1 to 2^53: above it the oldest events go first, whatever their number and
    /// age. The newest event always stays.
    #[must_use]
    pub const fn max_bytes(self, bytes: u64) -> Self {
        Self { max_bytes: Some(bytes), ..self }
    }

    /// # Errors
    /// The age is above 100 years, or the maximum is zero or above 2^53.
    fn check(&self) -> Result<(), Refused> {
        match self.max_bytes {
            Some(0) => return Err(Refused::invalid("a maximum of no bytes")),
            Some(bytes) if bytes > MAX_NUMBER => {
                return Err(Refused::invalid(format!("a maximum of {bytes} bytes exceeds 2^53")));
            }
            _ => {}
        }
        check_delay("age", self.age)
    }
}

/// Where to read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadFrom {
    /// Nothing yet: the answer has no events and the offset to go on from.
    Tail,
    /// Everything after this offset.
    After(Offset),
}

/// What one topic answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TopicRead {
    /// Everything after the offset, up to the limit.
    Events {
        /// In order.
        items: Vec<Event>,
        /// The offset to read after next.
        next: Offset,
    },
    /// Something after the offset may be gone: trimmed, the topic vanished, or the offset is beyond its head. Look at
    /// the records, then go on from `next`.
    Gap {
        /// The oldest event still there, if there is one.
        oldest: Option<Offset>,
        /// The offset to read after next: what is still there is read again.
        next: Offset,
    },
}

/// A hint to look again. May be lost, repeated or merged with others.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Wake {
    /// Something about this channel changed.
    Channel(String),
    /// Anything may have changed: wake-ups were lost.
    Reset,
}

impl Limits {
    /// Checks a `read`.
    ///
    /// # Errors
    /// The limit is 0, or a topic, their number or the limit is too large.
    pub fn check_read(&self, topics: &[(String, ReadFrom)], limit: usize) -> Result<(), Refused> {
        self.check_batch("topics", topics.len())?;
        topics.iter().try_for_each(|(topic, _)| self.check_key("topic", topic))?;
        self.check_batch("limit", limit)?;
        if limit == 0 { Err(Refused::invalid("limit of zero")) } else { Ok(()) }
    }

    /// Checks a `wake`.
    ///
    /// # Errors
    /// A channel or their number is too large.
    pub fn check_wake(&self, channels: &[String]) -> Result<(), Refused> {
        self.check_batch("channels", channels.len())?;
        channels.iter().try_for_each(|channel| self.check_key("channel", channel))
    }

    /// Checks an `append`.
    ///
    /// # Errors
    /// There is nothing to append, something is too large, the age to keep is above 100 years, or the maximum to keep is
    /// zero or above 2^53.
    pub fn check_append(&self, topic: &str, events: &[Bytes], keep: &Keep) -> Result<(), Refused> {
        self.check_key("topic", topic)?;
        if events.is_empty() {
            return Err(Refused::invalid("an append of no events"));
        }
        self.check_batch("events", events.len())?;
        events.iter().try_for_each(|event| self.check_value("event", event.len()))?;
        self.check_batch_bytes("events", events.iter().map(Bytes::len).sum())?;
        keep.check()
    }
}
