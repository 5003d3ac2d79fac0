use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use fastestmcp_core::context::Context;
use tokio::sync::Semaphore;

/// What a handler of a case does that only counts and waits: how often it was started, dropped and told to stop, and the gate
/// it waits at.
#[derive(Clone, Default)]
pub(crate) struct Probe(Arc<Counts>);

#[derive(Default)]
struct Counts {
    starts: AtomicUsize,
    told: AtomicUsize,
    inside: AtomicUsize,
    gate: Gate,
}

struct Gate(Semaphore);

impl Default for Gate {
    fn default() -> Self {
        Self(Semaphore::new(0))
    }
}

impl Probe {
    /// How often a handler was started.
    pub(crate) fn starts(&self) -> usize {
        self.0.starts.load(Ordering::SeqCst)
    }

    /// How many of them are still there.
    pub(crate) fn inside(&self) -> usize {
        self.0.inside.load(Ordering::SeqCst)
    }

    /// How many heard that they are to stop.
    pub(crate) fn told(&self) -> usize {
        self.0.told.load(Ordering::SeqCst)
    }

    /// Lets one handler through the gate.
    pub(crate) fn let_one_through(&self) {
        self.0.gate.0.add_permits(1);
    }

    /// Counts a start, which lasts until what is returned is dropped.
    pub(crate) fn start(&self) -> Inside {
        let number = self.0.starts.fetch_add(1, Ordering::SeqCst) + 1;
        self.0.inside.fetch_add(1, Ordering::SeqCst);
        Inside { counts: self.0.clone(), number }
    }

    /// Waits at the gate.
    pub(crate) async fn wait(&self) {
        if let Ok(permit) = self.0.gate.0.acquire().await {
            permit.forget();
        }
    }

    /// A start that waits at the gate, and goes on waiting when it is told to stop.
    pub(crate) async fn run(&self, cx: &Context) {
        let _inside = self.start();
        tokio::select! {
            () = self.wait() => return,
            () = cx.cancelled() => {}
        }
        self.0.told.fetch_add(1, Ordering::SeqCst);
        self.wait().await;
    }
}

/// A handler that has not ended.
pub(crate) struct Inside {
    counts: Arc<Counts>,
    number: usize,
}

impl Inside {
    /// The how manieth start it was.
    pub(crate) const fn number(&self) -> usize {
        self.number
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        self.counts.inside.fetch_sub(1, Ordering::SeqCst);
    }
}
