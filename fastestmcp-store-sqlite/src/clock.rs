use std::sync::Arc;
use std::time::{Duration, Instant};

use fastestmcp_core::time::{Clock, HostClock, StoreTime};
use parking_lot::Mutex;

/// The store's clock (G1): never behind what this process or any snapshot it read has seen, and running on when the
/// host's clock steps back.
#[derive(Debug)]
pub(crate) struct StoreClock {
    host: Arc<dyn Clock>,
    /// An injected clock stands still until a test moves it, so real time must not be added to it.
    injected: bool,
    seen: Mutex<Seen>,
}

#[derive(Clone, Copy, Debug)]
struct Seen {
    time: StoreTime,
    at: Instant,
}

impl Seen {
    fn projected(self, at: Instant, injected: bool) -> StoreTime {
        if injected {
            return self.time;
        }
        let elapsed = at.saturating_duration_since(self.at).as_millis();
        self.time.after(Duration::from_millis(u64::try_from(elapsed).unwrap_or(u64::MAX)))
    }
}

impl StoreClock {
    pub(crate) fn new(injected: Option<Arc<dyn Clock>>) -> Self {
        Self {
            injected: injected.is_some(),
            host: injected.unwrap_or_else(|| Arc::new(HostClock)),
            seen: Mutex::new(Seen { time: StoreTime::EPOCH, at: Instant::now() }),
        }
    }

    /// The store's time in a snapshot that holds `stamp`.
    pub(crate) fn now(&self, stamp: StoreTime) -> StoreTime {
        self.at(self.host.now(), stamp, Instant::now())
    }

    fn at(&self, host: StoreTime, stamp: StoreTime, at: Instant) -> StoreTime {
        let mut seen = self.seen.lock();
        let projected = seen.projected(at, self.injected);
        let now = host.max(stamp).max(projected);
        // Kept while the projection leads, or its fractions of a millisecond would be lost at each call.
        if now > projected {
            *seen = Seen { time: now, at };
        }
        now
    }

    /// Whether the host's clock is behind the store's, so that others should learn how far the store is.
    pub(crate) fn host_lags(&self) -> bool {
        let slack = Duration::from_millis(50);
        !self.injected && self.host.now().after(slack) < self.seen.lock().projected(Instant::now(), false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(millis: u64) -> StoreTime {
        StoreTime::from_millis(millis)
    }

    #[test]
    fn runs_on_while_the_host_clock_is_behind_and_follows_it_when_it_leads() {
        let clock = StoreClock::new(None);
        let start = Instant::now();
        let later = |millis| start + Duration::from_millis(millis);
        assert_eq!(clock.at(ms(10_000), ms(0), later(0)), ms(10_000));
        assert_eq!(clock.at(ms(2_000), ms(10_000), later(5)), ms(10_005), "the host stepped back");
        assert_eq!(clock.at(ms(2_001), ms(10_000), later(1_005)), ms(11_005));
        assert_eq!(clock.at(ms(20_000), ms(10_000), later(1_006)), ms(20_000), "the host leads again");
        assert_eq!(clock.at(ms(20_000), ms(25_000), later(1_007)), ms(25_000), "another process is ahead");
    }

    #[test]
    fn loses_no_fractions_when_read_often() {
        let clock = StoreClock::new(None);
        let start = Instant::now();
        clock.at(ms(10_000), ms(0), start);
        for step in 1..=10_000u64 {
            clock.at(ms(0), ms(0), start + Duration::from_micros(100 * step));
        }
        assert_eq!(clock.at(ms(0), ms(0), start + Duration::from_secs(1)), ms(11_000));
    }

    #[test]
    fn an_injected_clock_is_exact_and_still_never_goes_back() {
        let clock = StoreClock::new(Some(Arc::new(HostClock)));
        let start = Instant::now();
        assert_eq!(clock.at(ms(10), ms(0), start), ms(10));
        assert_eq!(clock.at(ms(5), ms(10), start + Duration::from_secs(9)), ms(10));
        assert_eq!(clock.at(ms(11), ms(10), start + Duration::from_secs(9)), ms(11));
    }
}
