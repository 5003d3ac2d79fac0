use futures_util::{StreamExt, stream};
use tokio::sync::broadcast;

use super::log::WakeStream;
use super::record::Wake;

/// Wake-ups that a slow listener may have waiting before it gets a [`Wake::Reset`] instead.
const BACKLOG: usize = 1024;

/// Spreads the wake-ups that reach a node over the node's listeners, so that it needs one connection for all of them.
#[derive(Debug)]
pub struct WakeHub {
    listeners: broadcast::Sender<Wake>,
}

impl WakeHub {
    /// A hub without listeners.
    pub fn new() -> Self {
        Self { listeners: broadcast::channel(BACKLOG).0 }
    }

    /// Tells whoever listens now. Nobody listening is fine.
    pub fn tell(&self, wake: Wake) {
        let _ = self.listeners.send(wake);
    }

    /// What is told from now on. The stream ends when the hub is gone.
    pub fn listen(&self) -> WakeStream {
        stream::unfold(self.listeners.subscribe(), |mut told| async move {
            let wake = match told.recv().await {
                Ok(wake) => wake,
                Err(broadcast::error::RecvError::Lagged(_)) => Wake::Reset,
                Err(broadcast::error::RecvError::Closed) => return None,
            };
            Some((wake, told))
        })
        .boxed()
    }

    /// How many listen.
    pub fn listeners(&self) -> usize {
        self.listeners.receiver_count()
    }
}

impl Default for WakeHub {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn every_listener_hears_what_is_told_and_a_slow_one_a_reset() {
        let hub = WakeHub::new();
        let mut first = hub.listen();
        hub.tell(Wake::Channel("a".to_owned()));
        let mut second = hub.listen();
        assert_eq!(hub.listeners(), 2);
        for count in 0..BACKLOG * 2 {
            hub.tell(Wake::Channel(count.to_string()));
        }
        assert_eq!(first.next().await, Some(Wake::Reset));
        assert_eq!(second.next().await, Some(Wake::Reset));
        assert!(matches!(second.next().await, Some(Wake::Channel(_))));
        drop(hub);
        assert_eq!(second.count().await, BACKLOG - 1, "what was told is still heard");
    }
}
