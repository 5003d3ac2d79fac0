use std::collections::HashMap;
use std::hash::{BuildHasher, Hash};
use std::sync::LazyLock;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

/// Every list and every sweep meets a damaged record again: it is told of once in this time.
const TOLD_EVERY: Duration = Duration::from_secs(3_600);
/// More than these are counted from the beginning.
const MOST: usize = 10_000;

/// The damaged records that this process has met, in whatever store.
static MET: LazyLock<Mutex<Damage>> = LazyLock::new(Mutex::default);

/// Counts a meeting with a damaged record.
pub(super) fn meet(record: impl Hash) -> Option<Count> {
    MET.lock().meet(record, Instant::now())
}

/// What an operator is told with a damaged record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Count {
    /// How often this one was met.
    pub(super) times: u64,
    /// How many different ones were.
    pub(super) records: usize,
}

/// By the hash of what names a record: how often it was met, and when that was told.
#[derive(Debug, Default)]
struct Damage(HashMap<u64, (u64, Instant)>);

impl Damage {
    /// The count, if it is time to tell it.
    fn meet(&mut self, record: impl Hash, now: Instant) -> Option<Count> {
        let record = self.0.hasher().hash_one(record);
        if self.0.len() >= MOST && !self.0.contains_key(&record) {
            self.0.clear();
        }
        let (times, told) = self.0.entry(record).or_insert((0, now));
        *times += 1;
        let times = *times;
        if times > 1 && now.duration_since(*told) < TOLD_EVERY {
            return None;
        }
        *told = now;
        Some(Count { times, records: self.0.len() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_told_at_once_then_hourly_with_how_often_it_was_met() {
        let (mut damage, start) = (Damage::default(), Instant::now());
        let told = |times, records| Some(Count { times, records });
        assert_eq!(damage.meet("a", start), told(1, 1));
        assert_eq!(damage.meet("a", start + TOLD_EVERY / 2), None);
        assert_eq!(damage.meet("b", start + TOLD_EVERY / 2), told(1, 2));
        assert_eq!(damage.meet("a", start + TOLD_EVERY), told(3, 2));
        assert_eq!(damage.meet("a", start + TOLD_EVERY), None);
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let (mut damage, now) = (Damage::default(), Instant::now());
        let told = (0..=MOST).filter_map(|record| damage.meet(record, now)).last();
        assert_eq!(told, Some(Count { times: 1, records: 1 }));
    }
}
