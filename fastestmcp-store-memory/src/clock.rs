use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use fastestmcp_core::time::{Clock, HostClock, StoreTime};

/// The time of one data set: never returns, whatever its clock does (G1).
#[derive(Debug)]
pub(crate) struct StoreClock {
    clock: Arc<dyn Clock>,
    latest: AtomicU64,
}

impl StoreClock {
    /// Time from `clock`, or else from the host.
    pub(crate) fn new(clock: Option<Arc<dyn Clock>>) -> Self {
        Self { clock: clock.unwrap_or_else(|| Arc::new(SteadyClock::default())), latest: AtomicU64::new(0) }
    }

    pub(crate) fn now(&self) -> StoreTime {
        let read = self.clock.now().as_millis();
        let latest = self.latest.load(Ordering::Acquire);
        if read <= latest {
            return StoreTime::from_millis(latest);
        }
        StoreTime::from_millis(self.latest.fetch_max(read, Ordering::AcqRel).max(read))
    }
}

/// The wall clock as it was at the start plus monotonic time: keeps running when the wall clock is set back.
#[derive(Debug)]
struct SteadyClock {
    start: StoreTime,
    since: Instant,
}

impl Default for SteadyClock {
    fn default() -> Self {
        Self { start: HostClock.now(), since: Instant::now() }
    }
}

impl Clock for SteadyClock {
    fn now(&self) -> StoreTime {
        let elapsed = self.since.elapsed();
        let millis = elapsed.as_secs() * 1_000 + u64::from(elapsed.subsec_millis());
        StoreTime::from_millis(self.start.as_millis() + millis)
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
