use std::collections::BTreeSet;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio_util::task::TaskTracker;

use super::EventLog;

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
    pending: Mutex<Pending>,
}

#[derive(Default)]
struct Pending {
    channels: BTreeSet<String>,
    /// Somebody sends and will look again.
    sending: bool,
}

impl Announcer {
    pub(crate) fn new(events: Arc<dyn EventLog>, background: TaskTracker) -> Arc<Self> {
        let limits = events.guarantees().limits;
        let (batch, longest) = (limits.max_batch.max(1), limits.max_key_bytes);
        Arc::new(Self { events, background, batch, longest, pending: Mutex::default() })
    }

    pub(crate) fn announce(self: &Arc<Self>, channels: impl IntoIterator<Item = String>) {
        let mut pending = self.pending.lock();
        for channel in channels {
            if pending.channels.len() < MOST && channel.len() <= self.longest {
                pending.channels.insert(channel);
            }
        }
        if !pending.sending {
            pending.sending = true;
            let announcer = self.clone();
            self.background.spawn(async move { announcer.send().await });
        }
    }

    /// Ends when nothing waits.
    async fn send(&self) {
        let _alive = Sending(self);
        loop {
            let channels: Vec<String> = {
                let mut pending = self.pending.lock();
                if pending.channels.is_empty() {
                    pending.sending = false;
                    return;
                }
                std::mem::take(&mut pending.channels).into_iter().collect()
            };
            for channels in channels.chunks(self.batch) {
                if let Err(error) = self.events.wake(channels).await {
                    tracing::debug!(%error, "wake-ups were lost");
                }
            }
        }
    }
}

/// A sender that panics, because the event log does, must not leave the others waiting for it.
struct Sending<'a>(&'a Announcer);

impl Drop for Sending<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.pending.lock().sending = false;
        }
    }
}
