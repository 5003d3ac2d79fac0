use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::time::timeout;

use super::mailbox::AT_ONCE;
use super::{EventLog, ReadFrom, TopicRead};
use crate::error::{StoreError, StoreErrorKind, StoreResult};
use crate::limits::Limits;

/// A store has its own deadline, which is far below this; one that hangs in spite of it is given up.
const PATIENCE: Duration = Duration::from_secs(30);
/// A store may divide the bytes of an answer among so many parts of itself, and end early in one of them.
const PARTS: usize = 16;
/// What a store may count for an event on top of its payload.
const OVERHEAD: usize = 64;

/// What a topic answered.
pub(super) struct Answer {
    pub(super) read: TopicRead,
    /// Nothing more was there to read.
    pub(super) is_all: bool,
}

/// Reads topics, no more than [`Limits::max_batch`]; as many answers in their order. A log that panics or hangs is an
/// error as any other.
pub(super) async fn read(
    log: &dyn EventLog,
    limits: &Limits,
    topics: &[(String, ReadFrom)],
) -> StoreResult<Vec<Answer>> {
    let limit = AT_ONCE.min(limits.max_batch).max(1);
    let failed = |kind, detail| Err(StoreError::new(kind, "event log", "read", detail));
    let read = AssertUnwindSafe(async { log.read(topics, limit).await }).catch_unwind();
    let reads = match timeout(PATIENCE, read).await {
        Ok(Ok(answer)) => answer?.value,
        Ok(Err(_)) => return failed(StoreErrorKind::Unexpected, "the log panicked"),
        Err(_) => return failed(StoreErrorKind::Timeout, "the log hangs"),
    };
    if reads.len() != topics.len() {
        return failed(StoreErrorKind::Unexpected, "the log answered another number of topics");
    }
    let is_cut = reads.iter().map(size).sum::<usize>() >= limits.max_batch_bytes / PARTS;
    let is_all = |from, read: &_| match read {
        TopicRead::Events { items, .. } => !is_cut && items.len() < limit,
        // A topic that is damaged is the same gap again and again.
        TopicRead::Gap { next, .. } => from == ReadFrom::After(*next),
    };
    let answers = topics.iter().zip(reads).map(|((_, from), read)| Answer { is_all: is_all(*from, &read), read });
    Ok(answers.collect())
}

fn size(read: &TopicRead) -> usize {
    match read {
        TopicRead::Events { items, .. } => items.iter().map(|event| event.payload.len() + OVERHEAD).sum(),
        TopicRead::Gap { .. } => 0,
    }
}
