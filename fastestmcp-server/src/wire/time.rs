use std::time::Duration;

use chrono::{DateTime, SecondsFormat};
use fastestmcp_core::time::{StoreTime, millis};

/// ISO 8601 in UTC with milliseconds.
pub(crate) fn iso(time: StoreTime) -> String {
    i64::try_from(time.as_millis())
        .ok()
        .and_then(DateTime::from_timestamp_millis)
        .unwrap_or(DateTime::UNIX_EPOCH)
        .to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// Whole milliseconds.
pub(crate) fn ms(duration: Duration) -> u64 {
    millis(duration)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_iso_8601_in_utc() {
        assert_eq!(iso(StoreTime::from_millis(1_767_225_600_042)), "2026-01-01T00:00:00.042Z");
    }
}
