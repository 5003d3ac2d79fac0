use std::sync::atomic::{AtomicU64, Ordering};

use fastestmcp_core::event::WakeHub;
use parking_lot::Mutex;

use crate::event::Topics;
use crate::session::Scopes;
use crate::task::Tasks;

/// The data of one namespace.
#[derive(Debug)]
pub(crate) struct Space {
    pub(crate) scopes: Scopes,
    pub(crate) tasks: Mutex<Tasks>,
    pub(crate) topics: Mutex<Topics>,
    pub(crate) wakes: WakeHub,
    /// Counts sweeps, so that they take turns in where they start.
    pub(crate) sweeps: AtomicU64,
}

impl Default for Space {
    fn default() -> Self {
        Self {
            scopes: Scopes::default(),
            tasks: Mutex::default(),
            topics: Mutex::default(),
            wakes: WakeHub::new(),
            sweeps: AtomicU64::new(0),
        }
    }
}

impl Space {
    /// How many records it holds, with their places in indexes.
    pub(crate) fn rows(&self) -> usize {
        self.scopes.rows() + self.tasks.lock().rows() + self.topics.lock().rows()
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
