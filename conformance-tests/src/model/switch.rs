use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use fastestmcp_core::time::StoreTime;

use super::Bug;

/// The one bug of a store, if it has one, and how often it made a difference.
#[derive(Debug, Default)]
pub(crate) struct Switch {
    bug: Option<Bug>,
    fired: AtomicU64,
    /// The first time that was read, for the clock that stands.
    pub(super) first_time: OnceLock<StoreTime>,
}

impl Switch {
    /// Nothing is wrong.
    pub(crate) const fn off() -> Self {
        Self { bug: None, fired: AtomicU64::new(0), first_time: OnceLock::new() }
    }

    /// This is wrong.
    pub(crate) const fn on(bug: Bug) -> Self {
        Self { bug: Some(bug), fired: AtomicU64::new(0), first_time: OnceLock::new() }
    }

    /// How often it made a difference.
    pub(crate) fn fired(&self) -> u64 {
        self.fired.load(Ordering::Relaxed)
    }

    /// Whether `bug` is on, without counting.
    pub(crate) fn has(&self, bug: Bug) -> bool {
        self.bug == Some(bug)
    }

    /// Whether `bug` is on; asked where it makes the difference, so it counts.
    pub(crate) fn is(&self, bug: Bug) -> bool {
        self.has(bug) && {
            self.fire();
            true
        }
    }

    /// Whether `bug` is on and makes a difference here.
    pub(crate) fn bends(&self, bug: Bug, differs: bool) -> bool {
        differs && self.is(bug)
    }

    pub(crate) fn fire(&self) {
        self.fired.fetch_add(1, Ordering::Relaxed);
    }
}
