use std::time::Duration;

use fastestmcp_core::time::{Clock, StoreTime, millis};
use tokio::time::Instant;

/// 2026-01-01T00:00:00Z.
const START: Duration = Duration::from_secs(1_767_225_600);

/// A store's clock that goes with tokio's, and so stands still where that one does.
#[derive(Debug)]
pub(crate) struct StepClock(Instant);

impl StepClock {
    /// Must be made and asked within a tokio runtime.
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }
}

impl Clock for StepClock {
    fn now(&self) -> StoreTime {
        // Down to the millisecond: no deadline passes before its time.
        StoreTime::from_millis(millis(START) + u64::try_from(self.0.elapsed().as_millis()).unwrap_or_default())
    }
}
