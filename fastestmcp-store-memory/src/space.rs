use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use tokio::sync::broadcast;

use crate::event::Topics;
use crate::session::Scopes;
use crate::task::Tasks;

/// How many wake-ups a listener may lag behind before it gets a reset instead.
const WAKE_BACKLOG: usize = 1_024;

/// The data of one namespace.
#[derive(Debug)]
pub(crate) struct Space {
    pub(crate) scopes: Scopes,
    pub(crate) tasks: Mutex<Tasks>,
    pub(crate) topics: Mutex<Topics>,
    pub(crate) wakes: broadcast::Sender<Arc<str>>,
    /// Counts sweeps, so that they take turns in where they start.
    pub(crate) sweeps: AtomicU64,
}

impl Default for Space {
    fn default() -> Self {
        Self {
            scopes: Scopes::default(),
            tasks: Mutex::default(),
            topics: Mutex::default(),
            wakes: broadcast::Sender::new(WAKE_BACKLOG),
            sweeps: AtomicU64::new(0),
        }
    }
}

/// The one counter of a data set: versions, tokens and offsets all come from it, so none ever repeats (G10).
#[derive(Debug, Default)]
pub(crate) struct Sequence(AtomicU64);

impl Sequence {
    /// Draws the next number.
    pub(crate) fn draw(&self) -> u64 {
        self.draw_many(1)
    }

    /// Draws `count` numbers in a row; returns the first.
    pub(crate) fn draw_many(&self, count: u64) -> u64 {
        self.0.fetch_add(count, Ordering::AcqRel) + 1
    }
}
