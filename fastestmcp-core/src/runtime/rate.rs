use std::collections::HashMap;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::principal::Owner;

/// Above this many owners the full buckets are forgotten: they say nothing.
const PRUNE_ABOVE: usize = 10_000;

/// A token bucket per owner for the creation of tasks (contract R2).
pub(crate) struct TaskRate {
    burst: f64,
    per_second: f64,
    buckets: Mutex<HashMap<Owner, Bucket>>,
}

#[derive(Clone, Copy)]
struct Bucket {
    tokens: f64,
    at: Instant,
}

impl TaskRate {
    pub(crate) fn new(burst: u32, per_second: u32) -> Self {
        Self { burst: f64::from(burst.max(1)), per_second: f64::from(per_second.max(1)), buckets: Mutex::default() }
    }

    /// Takes one token, or says when there will be one.
    pub(crate) fn take(&self, owner: &Owner, now: Instant) -> Result<(), Duration> {
        let mut buckets = self.buckets.lock();
        if buckets.len() > PRUNE_ABOVE {
            buckets.retain(|_, bucket| self.filled(bucket, now) < self.burst);
        }
        let bucket = buckets.entry(owner.clone()).or_insert(Bucket { tokens: self.burst, at: now });
        let tokens = self.filled(bucket, now);
        if tokens < 1.0 {
            return Err(Duration::from_secs_f64((1.0 - tokens) / self.per_second));
        }
        *bucket = Bucket { tokens: tokens - 1.0, at: now };
        Ok(())
    }

    fn filled(&self, bucket: &Bucket, now: Instant) -> f64 {
        let gained = now.saturating_duration_since(bucket.at).as_secs_f64() * self.per_second;
        (bucket.tokens + gained).min(self.burst)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_allowed_and_then_the_rate() {
        let rate = TaskRate::new(3, 2);
        let (me, you, start) = (Owner::new("me"), Owner::new("you"), Instant::now());
        for _ in 0..3 {
            assert_eq!(rate.take(&me, start), Ok(()));
        }
        assert_eq!(rate.take(&me, start), Err(Duration::from_millis(500)));
        assert_eq!(rate.take(&you, start), Ok(()), "owners do not share");
        assert_eq!(rate.take(&me, start + Duration::from_millis(500)), Ok(()));
        assert!(rate.take(&me, start + Duration::from_millis(500)).is_err());
    }
}
