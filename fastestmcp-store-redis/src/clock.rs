use std::sync::Arc;

use fastestmcp_core::time::{Clock, StoreTime};
use redis::Value;

use crate::error::Failure;

/// The store's clock: Redis's own, unless a test's stands in for it (G1, G2).
#[derive(Clone, Debug)]
pub(crate) struct StoreClock(Option<Arc<dyn Clock>>);

impl StoreClock {
    pub(crate) const fn new(injected: Option<Arc<dyn Clock>>) -> Self {
        Self(injected)
    }

    /// The time of the injected clock, if there is one.
    pub(crate) fn injected(&self) -> Option<StoreTime> {
        self.0.as_ref().map(|clock| clock.now())
    }

    /// What scripts are given: the injected time in milliseconds, or nothing so that they ask Redis.
    pub(crate) fn argument(&self) -> String {
        self.injected().map(|now| now.as_millis().to_string()).unwrap_or_default()
    }
}

/// The answer of `TIME`.
pub(crate) fn from_time_reply(reply: Value) -> Result<StoreTime, Failure> {
    let (seconds, micros): (u64, u64) = redis::from_redis_value(reply).map_err(|_| Failure::Reply("TIME"))?;
    Ok(StoreTime::from_millis(seconds * 1_000 + micros / 1_000))
}
