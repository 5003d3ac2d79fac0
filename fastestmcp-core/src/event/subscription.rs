use std::fmt;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::listeners::Listeners;
use super::mailbox::{Delivery, Mailbox};

/// One subscriber of one topic. However slow, it slows nobody else. Dropping it ends it.
pub struct EventSubscription {
    pub(super) topic: String,
    pub(super) mailbox: Arc<Mailbox>,
    pub(super) listeners: Arc<Listeners>,
    pub(super) ended: CancellationToken,
}

impl fmt::Debug for EventSubscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventSubscription").field("topic", &self.topic).finish_non_exhaustive()
    }
}

impl EventSubscription {
    /// The next delivery; `None` when the bus has ended, because its last handle was dropped or its node has stopped.
    /// While the store cannot be read there is none; what was appended meanwhile follows, or a [`Delivery::Gap`].
    /// Cancel safe.
    pub async fn next(&mut self) -> Option<Delivery> {
        loop {
            if let Some((delivery, has_room)) = self.mailbox.pop() {
                if has_room {
                    self.listeners.mark(&self.topic);
                }
                return Some(delivery);
            }
            tokio::select! {
                biased;
                () = self.mailbox.filled() => {}
                () = self.ended.cancelled() => return None,
            }
        }
    }
}

impl Drop for EventSubscription {
    fn drop(&mut self) {
        self.listeners.leave(&self.topic, &self.mailbox);
    }
}
