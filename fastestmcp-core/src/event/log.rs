use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::BoxStream;

use super::record::{Keep, Offset, ReadFrom, TopicRead, Wake};
use crate::backend::{At, Backend};
use crate::error::StoreResult;

/// A stream of wake-ups. It never ends by itself; after a lost connection it yields [`Wake::Reset`].
pub type WakeStream = BoxStream<'static, Wake>;

/// Append-only topics with offsets, bounded retention and explicit gaps, and volatile wake-ups apart from them
/// ([contract](https://github.com/fastestmcp/fastestmcp/blob/main/docs/contract.md) E).
///
/// # To ensure correctness
/// - **E1** Offsets rise strictly per topic, in commit order as every reader sees it, also across the re-creation of a
///   topic: a reader never sees an event appear before one it has read.
/// - **E2** Never a silent hole: if anything after the asked offset may be gone the answer is [`TopicRead::Gap`].
/// - **E3** Wake-ups are hints, sent after the commit and never inside it, carrying names only.
/// - **E4** `keep` is a minimum by count and age. If it has a maximum in bytes, the append itself drops the oldest events
///   until the payloads of the topic have no more than that together, or only the newest event is left; whoever needed
///   what went is told of a gap. What the newest append keeps holds for the whole topic. Topics that nobody writes
///   disappear (the sweep removes them after their age).
#[async_trait]
pub trait EventLog: Backend {
    /// Appends events to a topic, all or none; the answer is their offsets, `start` included, `end` not.
    ///
    /// `async fn append(&self, topic: &str, events: Vec<Bytes>, keep: Keep) -> StoreResult<At<Range<Offset>>>`
    ///
    /// The offsets of one append are consecutive. An append of no events is `InvalidInput`, and so is a [`Keep`] that cannot
    /// be kept ([`Limits::check_append`](crate::limits::Limits::check_append)).
    ///
    /// # Errors
    /// `TooLarge`, `InvalidInput`, `Unavailable`, `Timeout`, `Contention`, `StorageFull`.
    async fn append(&self, topic: &str, events: Vec<Bytes>, keep: Keep) -> StoreResult<At<Range<Offset>>>;

    /// Reads several topics at once, up to `limit` events each (1 to `max_batch`); one answer per topic, in order. A
    /// topic may be named several times, at different offsets.
    /// An answer of more than [`max_batch_bytes`](crate::limits::Limits::max_batch_bytes) ends early: later topics may have
    /// no events in it although there are some.
    ///
    /// `async fn read(&self, topics: &[(String, ReadFrom)], limit: usize) -> StoreResult<At<Vec<TopicRead>>>`
    ///
    /// # Errors
    /// `InvalidInput`, `TooLarge`, `Unavailable`, `Timeout`, `Corrupt`.
    async fn read(&self, topics: &[(String, ReadFrom)], limit: usize) -> StoreResult<At<Vec<TopicRead>>>;

    /// Wakes whoever listens to these channels, on any node. Volatile; may be lost.
    ///
    /// `async fn wake(&self, channels: &[String]) -> StoreResult<()>`
    ///
    /// # Errors
    /// `TooLarge`, `Unavailable`, `Timeout`: nobody may have been woken, which costs time and nothing else.
    async fn wake(&self, channels: &[String]) -> StoreResult<()>;

    /// The wake-ups sent by any node from now on, this one's included. One stream per node is enough.
    ///
    /// `async fn listen(&self) -> StoreResult<WakeStream>`
    ///
    /// # Errors
    /// `Unavailable`, `Timeout`.
    async fn listen(&self) -> StoreResult<WakeStream>;
}

#[async_trait]
impl<S: EventLog + ?Sized> EventLog for Arc<S> {
    async fn append(&self, topic: &str, events: Vec<Bytes>, keep: Keep) -> StoreResult<At<Range<Offset>>> {
        (**self).append(topic, events, keep).await
    }

    async fn read(&self, topics: &[(String, ReadFrom)], limit: usize) -> StoreResult<At<Vec<TopicRead>>> {
        (**self).read(topics, limit).await
    }

    async fn wake(&self, channels: &[String]) -> StoreResult<()> {
        (**self).wake(channels).await
    }

    async fn listen(&self) -> StoreResult<WakeStream> {
        (**self).listen().await
    }
}
