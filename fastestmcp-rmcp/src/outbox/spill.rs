use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use fastestmcp_core::event::EventBus;
use fastestmcp_core::limits::Limits;
use fastestmcp_core::time::backoff;

use super::{Message, Outbox};
use crate::topic;

/// Messages that one append writes.
const AT_ONCE: usize = 64;
/// How often it is tried to write them, over about half a minute.
const TRIES: u32 = 10;
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// What is written of a message beside its data: its number and kind.
const OVERHEAD: usize = 32;

/// Where a POST stream goes that nobody reads.
pub(crate) struct Spill {
    pub(crate) topic: String,
    pub(crate) exchange: u64,
    pub(crate) bus: EventBus,
    pub(crate) limits: Limits,
    /// Answers the request in place of an answer that the log does not take.
    pub(crate) too_large: Bytes,
}

impl Spill {
    /// As the log takes it; `None` for what can be left out.
    fn fit(&self, message: Message) -> Option<Message> {
        if message.data.len() + OVERHEAD <= self.limits.max_value_bytes {
            return Some(message);
        }
        tracing::warn!(bytes = message.data.len(), "a message is too large to be kept for a client that comes back");
        message.is_last.then(|| Message { data: self.too_large.clone(), ..message })
    }

    async fn write(&self, messages: Vec<Message>) {
        let entries: Vec<Bytes> =
            messages.into_iter().filter_map(|message| Some(self.fit(message)?.encode())).collect();
        if entries.is_empty() {
            return;
        }
        for attempt in 0..TRIES {
            match self.bus.publish(&self.topic, entries.clone(), topic::KEEP_STREAM).await {
                Ok(()) => return,
                Err(error) => tracing::debug!(%error, "a stream is not yet in the log"),
            }
            tokio::time::sleep(backoff(FIRST_PAUSE, attempt, LONGEST_PAUSE)).await;
        }
        tracing::warn!("a stream that nobody read is lost");
    }
}

/// Writes what nobody reads, to the end of the stream.
pub(super) async fn run(outbox: Arc<Outbox>) {
    let spill = &outbox.spill;
    loop {
        let (batch, is_done) = {
            let state = outbox.state.lock();
            let mut bytes = 0;
            let fits = |message: &&Message| {
                bytes += message.data.len() + OVERHEAD;
                bytes <= spill.limits.max_batch_bytes
            };
            let count = state.messages.iter().take(AT_ONCE.min(spill.limits.max_batch)).take_while(fits).count();
            let count = count.max(1).min(state.messages.len());
            (state.messages.iter().take(count).cloned().collect::<Vec<_>>(), state.is_done)
        };
        if batch.is_empty() {
            if is_done {
                return;
            }
            outbox.spillable.notified().await;
            continue;
        }
        let count = batch.len();
        spill.write(batch).await;
        // Not before: until then somebody may see that it is not yet kept.
        outbox.state.lock().messages.drain(..count);
        outbox.spilled.notify_waiters();
    }
}
