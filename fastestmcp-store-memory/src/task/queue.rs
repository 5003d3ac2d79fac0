use std::collections::BTreeSet;
use std::sync::Arc;

use fastestmcp_core::time::StoreTime;

/// Priorities 0 to 9.
pub(crate) const LEVELS: usize = 10;

/// When a task is due, then its id: the order of claims within a level.
pub(crate) type Due = (StoreTime, Arc<str>);

/// What waits in one queue: one ordered set per priority, so that a claim looks at the head of each level only.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    levels: [BTreeSet<Due>; LEVELS],
}

impl Queue {
    pub(crate) fn insert(&mut self, level: u8, due: Due) {
        self.levels[usize::from(level)].insert(due);
    }

    pub(crate) fn remove(&mut self, level: u8, due: &Due) {
        self.levels[usize::from(level)].remove(due);
    }

    pub(crate) fn first(&self, level: u8) -> Option<&Due> {
        self.levels[usize::from(level)].first()
    }

    pub(crate) fn len(&self) -> usize {
        self.levels.iter().map(BTreeSet::len).sum()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.levels.iter().all(BTreeSet::is_empty)
    }
}
