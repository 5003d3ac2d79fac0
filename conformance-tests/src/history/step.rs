use std::sync::atomic::{AtomicU64, Ordering};

use fastestmcp_core::session::{Expect, Version};

/// Numbers the calls and returns of all clients in the order in which they happened.
#[derive(Debug, Default)]
pub(crate) struct Stopwatch(AtomicU64);

impl Stopwatch {
    pub(crate) fn stamp(&self) -> u64 {
        self.0.fetch_add(1, Ordering::SeqCst)
    }
}

/// What a key held: its version and the number that was written with it.
pub(crate) type Seen = Option<(Version, u64)>;

/// One operation on one key, as its caller saw it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// A put under a precondition that was applied.
    Wrote { expect: Expect, version: Version, value: u64 },
    /// A put whose precondition did not hold.
    Refused { expect: Expect, current: Seen },
    /// A delete, and whether there was something.
    Deleted(bool),
    /// A take, and what it got.
    Took(Seen),
    /// A read.
    Read(Seen),
}

/// One operation between its call and its return.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) called: u64,
    pub(crate) returned: u64,
    pub(crate) what: What,
}

impl What {
    /// What the key holds after this, if it can happen in this state.
    pub(crate) fn after(self, state: Seen) -> Option<Seen> {
        let current = state.map(|(version, _)| version);
        match self {
            Self::Wrote { expect, version, value } => {
                (expect.holds(current) && Some(version) > current).then_some(Some((version, value)))
            }
            Self::Refused { expect, current: shown } => (!expect.holds(current) && shown == state).then_some(state),
            Self::Deleted(found) => (found == state.is_some()).then_some(None),
            Self::Took(got) => (got == state).then_some(None),
            Self::Read(got) => (got == state).then_some(state),
        }
    }
}
