use std::sync::Arc;

use tokio_util::task::TaskTracker;

use super::EventLog;
use super::pending::Pending;

/// Wake-ups that may wait to be sent; what comes on top is lost, which costs whoever waits for it a second (contract T12).
const MOST: usize = 10_000;

/// Sends wake-ups to all nodes, in the background: nobody waits for one, and no lock is held (contract R9). What is
/// announced while a batch is under way goes with the next.
pub(crate) struct Announcer {
    events: Arc<dyn EventLog>,
    background: TaskTracker,
    /// Channels of one batch.
    batch: usize,
    /// Bytes of a channel's name. A longer one would cost all of its batch their wake-ups.
    longest: usize,
    pending: Pending<String>,
}

impl Announcer {
    pub(crate) fn new(events: Arc<dyn EventLog>, background: TaskTracker) -> Arc<Self> {
        let limits = events.guarantees().limits;
        let (batch, longest) = (limits.max_batch.max(1), limits.max_key_bytes);
        Arc::new(Self { events, background, batch, longest, pending: Pending::new() })
    }

    pub(crate) fn announce(self: &Arc<Self>, channels: impl IntoIterator<Item = String>) {
        let channels = channels.into_iter().filter(|channel| channel.len() <= self.longest);
        if self.pending.put(channels, MOST) {
            let announcer = self.clone();
            self.background.spawn(async move { announcer.send().await });
        }
    }

    /// Ends when nothing waits.
    async fn send(&self) {
        let sender = self.pending.sender();
        while let Some(channels) = sender.next() {
            let channels: Vec<String> = channels.into_iter().collect();
            for channels in channels.chunks(self.batch) {
                if let Err(error) = self.events.wake(channels).await {
                    tracing::debug!(%error, "wake-ups were lost");
                }
            }
        }
    }
}
