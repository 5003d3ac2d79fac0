use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use fastestmcp_core::time::{Clock, HostClock, StoreTime};

/// The time of one data set: never returns, whatever its clock does (G1).
#[derive(Debug)]
pub(crate) enum StoreClock {
    /// The wall clock as it was at the start plus monotonic time: keeps running when the wall clock is set back.
    Steady { start: StoreTime, since: Instant },
    /// A clock that may be set back: time stands until it has caught up.
    Injected { clock: Arc<dyn Clock>, latest: AtomicU64 },
}

impl StoreClock {
    /// Time from `clock`, or else from the host.
    pub(crate) fn new(clock: Option<Arc<dyn Clock>>) -> Self {
        match clock {
            Some(clock) => Self::Injected { clock, latest: AtomicU64::new(0) },
            None => Self::Steady { start: HostClock.now(), since: Instant::now() },
        }
    }

    pub(crate) fn now(&self) -> StoreTime {
        match self {
            Self::Steady { start, since } => {
                let elapsed = since.elapsed();
                let millis = elapsed.as_secs() * 1_000 + u64::from(elapsed.subsec_millis());
                StoreTime::from_millis(start.as_millis() + millis)
            }
            Self::Injected { clock, latest } => {
                let read = clock.now().as_millis();
                StoreTime::from_millis(latest.fetch_max(read, Ordering::AcqRel).max(read))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use fastestmcp_core::time::ManualClock;

    use super::*;

    #[test]
    fn time_stands_while_the_clock_lags_and_goes_on_with_it() {
        let manual = Arc::new(ManualClock::default());
        let clock = StoreClock::new(Some(manual.clone()));
        let before = clock.now();
        manual.set(StoreTime::EPOCH);
        assert_eq!(clock.now(), before);
        manual.set(before.after(Duration::from_millis(1)));
        assert_eq!(clock.now(), before.after(Duration::from_millis(1)));
    }
}
