//! Freeing what has expired, in bounded steps (G14).

use std::sync::atomic::Ordering;

use fastestmcp_core::backend::{SweepBudget, Swept};

use crate::clock::StoreClock;
use crate::space::Space;

/// What a sweep may still do.
#[derive(Debug)]
pub(crate) struct Budget {
    rows: usize,
    bytes: usize,
    removed: u64,
}

impl Budget {
    pub(crate) fn spent(&self) -> bool {
        self.rows == 0 || self.bytes == 0
    }

    /// Counts one removed row; the row that passes the bound of bytes is the last.
    pub(crate) fn spend(&mut self, bytes: usize) {
        self.rows = self.rows.saturating_sub(1);
        self.bytes = self.bytes.saturating_sub(bytes);
        self.removed += 1;
    }
}

impl Space {
    /// One step over the three seams, each time starting at another, so that none starves the rest.
    pub(crate) fn sweep(&self, clock: &StoreClock, budget: SweepBudget) -> Swept {
        let mut budget = Budget { rows: budget.max_rows, bytes: budget.max_bytes, removed: 0 };
        let turn = self.sweeps.fetch_add(1, Ordering::Relaxed);
        let done = (0..3).all(|seam| match (turn + seam) % 3 {
            0 => self.scopes.sweep(clock.now(), &mut budget),
            1 => self.tasks.lock().sweep(clock.now(), &mut budget),
            _ => self.topics.lock().sweep(clock.now(), &mut budget),
        });
        Swept { removed: budget.removed, more: !done }
    }
}
