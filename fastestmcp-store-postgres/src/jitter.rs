use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

/// Between half of `pause` and all of it, so that those who met do not meet again.
pub(crate) fn jitter(pause: Duration) -> Duration {
    let random = RandomState::new().hash_one(pause);
    pause / 2 + (pause / 2).mul_f64((random % 1_024) as f64 / 1_024.0)
}
