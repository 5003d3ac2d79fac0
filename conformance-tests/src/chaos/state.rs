use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::watch;

/// What becomes of connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// They are reset, new ones too: as when the server's process is gone.
    Reset,
    /// They stay open and nothing passes, in either direction; new ones are accepted and hear nothing: as when a cable
    /// is pulled. What was under way is delivered after [`ChaosProxy::heal`](super::ChaosProxy::heal), as TCP does.
    BlackHole,
}

/// What becomes of one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mishap {
    /// It never reaches the server; its connection is reset.
    LoseRequest,
    /// It is carried out and its answer never arrives; its connection is reset instead.
    LoseAnswer,
    /// It, and what follows it on its connection, reaches the server this much later.
    Delay(Duration),
}

/// Which bytes from a client begin a request that can meet a mishap.
pub(super) type IsRequest = Arc<dyn Fn(&[u8]) -> bool + Send + Sync>;

/// What a proxy is doing, seen by all of its connections; proxies may share one.
pub(super) struct State {
    cut: watch::Sender<Option<Cut>>,
    next: Mutex<Option<Mishap>>,
    is_request: IsRequest,
}

impl State {
    pub(super) fn new(is_request: IsRequest) -> Self {
        Self { cut: watch::Sender::new(None), next: Mutex::default(), is_request }
    }

    pub(super) fn cut(&self, cut: Cut) {
        self.cut.send_replace(Some(cut));
    }

    pub(super) fn heal(&self) {
        *self.next.lock() = None;
        self.cut.send_replace(None);
    }

    pub(super) fn spoil_next(&self, mishap: Mishap) {
        *self.next.lock() = Some(mishap);
    }

    /// What happens to these bytes from a client.
    pub(super) fn meet(&self, bytes: &[u8]) -> Option<Mishap> {
        let mut next = self.next.lock();
        if next.is_some() && (self.is_request)(bytes) { next.take() } else { None }
    }

    /// Returns when bytes may pass: at once but for a black hole.
    pub(super) async fn passable(&self) {
        // The sender lives as long as this does.
        let _ = self.cut.subscribe().wait_for(|cut| *cut != Some(Cut::BlackHole)).await;
    }

    /// Returns when connections have to end.
    pub(super) async fn reset(&self) {
        let _ = self.cut.subscribe().wait_for(|cut| *cut == Some(Cut::Reset)).await;
    }
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State").field("cut", &*self.cut.borrow()).field("next", &*self.next.lock()).finish()
    }
}
