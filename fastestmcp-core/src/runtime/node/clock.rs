use parking_lot::Mutex;
use tokio::time::Instant;

use crate::time::StoreTime;

/// What the store's clock showed when it last answered, and the time since.
#[derive(Debug, Default)]
pub(crate) struct ObservedClock(Mutex<Option<(StoreTime, Instant)>>);

impl ObservedClock {
    pub(crate) fn observe(&self, now: StoreTime) {
        let mut last = self.0.lock();
        // Answers can overtake each other; what would set the clock back is old.
        if last.is_none_or(|(at, since)| now >= at.after(since.elapsed())) {
            *last = Some((now, Instant::now()));
        }
    }

    pub(crate) fn now(&self) -> StoreTime {
        self.0.lock().map_or(StoreTime::EPOCH, |(at, since)| at.after(since.elapsed()))
    }
}
