//! Store time and the clocks that can stand in for it (contract G1–G3).
//!
//! Callers send durations; the store turns them into deadlines with *its* clock. A [`StoreTime`] therefore only ever
//! travels from a store to its caller.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use chrono::{DateTime, Timelike};
use serde::{Deserialize, Serialize};

/// Bytes of a written time at most.
const LONGEST_TIME: usize = 64;

/// A moment by the store's clock: milliseconds since the Unix epoch.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StoreTime(u64);

impl StoreTime {
    /// The Unix epoch.
    pub const EPOCH: Self = Self(0);

    /// A moment `millis` milliseconds after the Unix epoch.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the Unix epoch.
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// This moment plus `duration`, which counts in whole milliseconds, rounded up: a positive duration never vanishes.
    #[must_use]
    pub fn after(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(millis(duration)))
    }

    /// The time from `earlier` to this moment; zero if `earlier` is later.
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}

impl fmt::Debug for StoreTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}ms", self.0)
    }
}

/// Whole milliseconds of a duration, rounded up, saturating.
pub fn millis(duration: Duration) -> u64 {
    let below_a_second = u64::from(duration.subsec_nanos().div_ceil(1_000_000));
    duration.as_secs().saturating_mul(1_000).saturating_add(below_a_second)
}

/// A pause that doubles with each attempt, half of it random, so that callers who failed together do not return together.
pub fn backoff(first: Duration, attempt: u32, longest: Duration) -> Duration {
    jittered(first.saturating_mul(1u32.checked_shl(attempt).unwrap_or(u32::MAX)).min(longest))
}

/// Between half and all of `full`.
pub(crate) fn jittered(full: Duration) -> Duration {
    let random = crate::ids::random_bytes::<1>().map_or(0, |[byte]| u32::from(byte));
    full / 2 + full / 510 * random
}

/// A source of time that a store can be opened with (contract G2).
///
/// Production stores read their own clock (Redis `TIME`, Postgres `clock_timestamp()`, the host clock otherwise);
/// tests inject a [`ManualClock`] so that expiry is proven without sleeping.
pub trait Clock: fmt::Debug + Send + Sync + 'static {
    /// The current moment.
    fn now(&self) -> StoreTime;
}

/// The host's wall clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct HostClock;

impl Clock for HostClock {
    fn now(&self) -> StoreTime {
        StoreTime(millis(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()))
    }
}

/// A clock that stands still until it is moved.
#[derive(Debug)]
pub struct ManualClock(AtomicU64);

impl ManualClock {
    /// A clock that shows `start`.
    pub const fn new(start: StoreTime) -> Self {
        Self(AtomicU64::new(start.0))
    }

    /// Moves the clock forward.
    pub fn advance(&self, by: Duration) {
        self.0.fetch_add(millis(by), Ordering::SeqCst);
    }

    /// Sets the clock, possibly backwards (as a host clock that was corrected would).
    pub fn set(&self, to: StoreTime) {
        self.0.store(to.0, Ordering::SeqCst);
    }
}

impl Default for ManualClock {
    /// Starts at 2026-01-01T00:00:00Z.
    fn default() -> Self {
        Self::new(StoreTime(1_767_225_600_000))
    }
}

impl Clock for ManualClock {
    fn now(&self) -> StoreTime {
        StoreTime(self.0.load(Ordering::SeqCst))
    }
}

/// Whether a text is a time as RFC 3339 writes it, the form of ISO 8601 that clients of MCP take.
pub(crate) fn is_rfc3339(text: &str) -> bool {
    // chrono takes small letters, other signs, leap seconds and fractions without end, too; clients do not.
    let is_plain = text.len() <= LONGEST_TIME
        && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b':' | b'T' | b'Z'));
    is_plain && DateTime::parse_from_rfc3339(text).is_ok_and(|time| time.nanosecond() < 1_000_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_positive_duration_never_rounds_to_nothing() {
        assert_eq!(StoreTime(5).after(Duration::from_nanos(1)), StoreTime(6));
        assert_eq!(StoreTime(5).after(Duration::ZERO), StoreTime(5));
    }

    #[test]
    fn whole_milliseconds_round_up_and_saturate() {
        assert_eq!(millis(Duration::new(2, 1)), 2_001);
        assert_eq!(millis(Duration::new(2, 999_999_999)), 3_000);
        assert_eq!(millis(Duration::MAX), u64::MAX);
    }

    #[test]
    fn a_hundred_years_is_exact() {
        let century = Duration::from_secs(100 * 365 * 86_400);
        assert_eq!(StoreTime(1).after(century).since(StoreTime(1)), century);
    }

    #[test]
    fn a_time_is_what_clients_take_for_one() {
        for time in ["2026-11-01T12:00:00Z", "2024-02-29T23:59:59.123456+05:30", "2000-02-29T00:00:00-00:00"] {
            assert!(is_rfc3339(time), "{time}");
        }
        let none = "2026-11-01 2026-11-01T12:00Z 2026-11-01T12:00:00 2026-11-01t12:00:00Z 2026-11-01T12:00:00z 2026-13-01T12:00:00Z \
                    2026-00-01T12:00:00Z 2026-02-29T12:00:00Z 1900-02-29T12:00:00Z 2026-04-31T12:00:00Z 2026-11-00T12:00:00Z \
                    2026-11-01T24:00:00Z 2026-11-01T12:60:00Z 2026-11-01T12:00:60Z 2026-11-01T12:00:00.Z 2026-11-01T12:00:00.1 \
                    2026-11-01T12:00:00+0530 2026-11-01T12:00:00+24:00 2026-11-01T12:00:00+05:60 +026-11-01T12:00:00Z \
                    2026-11-01T12:00:00ZZ 2026-11-01T12:00:00äZ 2026-11-01T12:00:00+ä:00 yesterday";
        let endless = format!("2026-11-01T12:00:00.{}Z", "0".repeat(1 << 20));
        for text in none.split(' ').chain(["", "2026-11-01 12:00:00Z", "2026-11-01T12:00:00\u{2212}05:30", &endless]) {
            assert!(!is_rfc3339(text), "{text:.40}");
        }
    }
}
