use std::time::Duration;

use fastestmcp_core::time::{StoreTime, millis};

use super::{Bug, Model};

impl Model {
    /// The store's time.
    pub(super) fn now(&self) -> StoreTime {
        let now = self.clock.now();
        if self.switch.has(Bug::ClockStands) {
            let first = *self.switch.first_time.get_or_init(|| now);
            return if self.switch.bends(Bug::ClockStands, first != now) { first } else { now };
        }
        now
    }

    /// The moment `span` after `now`.
    pub(super) fn deadline(&self, now: StoreTime, span: Duration) -> StoreTime {
        let exact = millis(span);
        let wrapped = exact & u64::from(u32::MAX);
        if self.switch.bends(Bug::TtlInSeconds, !exact.is_multiple_of(1_000)) {
            return StoreTime::from_millis(now.as_millis() + exact / 1_000 * 1_000);
        }
        if self.switch.bends(Bug::TtlIn32Bits, wrapped != exact) {
            return StoreTime::from_millis(now.as_millis() + wrapped);
        }
        if self.switch.bends(Bug::CallersClock, self.node > 0) {
            return now.after(span).after(Duration::from_secs(3_600));
        }
        now.after(span)
    }

    /// Whether `deadline` has come: at the deadline itself it has.
    pub(super) fn is_past(&self, deadline: Option<StoreTime>, now: StoreTime) -> bool {
        match deadline {
            Some(deadline) if self.switch.bends(Bug::LateBoundary, deadline == now) => false,
            Some(deadline) => deadline <= now,
            None => false,
        }
    }
}
