use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

const WAITING: u8 = 0;
const STARTED: u8 = 1;
const WITHDRAWN: u8 = 2;

/// Whether an operation was begun or given up: exactly one of the two ever happens (contract G5).
///
/// Until it is started an operation that misses its deadline is `NotApplied`; afterwards its outcome is `Unknown`.
#[derive(Clone, Debug, Default)]
pub struct Ticket(Arc<AtomicU8>);

impl Ticket {
    /// A ticket of an operation that waits.
    pub fn new() -> Self {
        Self::default()
    }

    /// Called by whoever carries it out, right before anything can change; false if the caller gave up: then nothing
    /// may be done. Starting twice is starting once.
    pub fn start(&self) -> bool {
        self.decide(STARTED) != WITHDRAWN
    }

    /// Called by the caller at its deadline; false if it was started.
    pub fn withdraw(&self) -> bool {
        self.decide(WITHDRAWN) != STARTED
    }

    /// Whether the caller gave up in time.
    pub fn is_withdrawn(&self) -> bool {
        self.0.load(Ordering::Acquire) == WITHDRAWN
    }

    /// What it was before: `WAITING` if this decided it.
    fn decide(&self, to: u8) -> u8 {
        self.0.compare_exchange(WAITING, to, Ordering::AcqRel, Ordering::Acquire).unwrap_or_else(|decided| decided)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_start_and_withdrawal_the_first_one_holds() {
        let (begun, given_up) = (Ticket::new(), Ticket::new());
        assert!(begun.start() && !begun.withdraw() && begun.start() && !begun.is_withdrawn());
        assert!(given_up.withdraw() && !given_up.start() && given_up.withdraw() && given_up.is_withdrawn());
    }
}
