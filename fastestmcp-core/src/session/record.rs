use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::time::StoreTime;

/// The version of a key: rises with every write and never repeats, also over deletion. Below 2^53.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Version(pub u64);

impl fmt::Debug for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "v{}", self.0)
    }
}

/// A stored value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The bytes as they were put.
    pub value: Bytes,
    /// The version of this write.
    pub version: Version,
    /// The key's own deadline, if it was put with one. The scope's may come earlier.
    pub expires: Option<StoreTime>,
}

/// The life of a scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScopeInfo {
    /// When it was created; the epoch for System scopes.
    pub created: StoreTime,
    /// Its deadline, which a touch slides; `None` for System scopes.
    pub expires: Option<StoreTime>,
    /// Its absolute end, which nothing moves; `None` if it has none.
    pub ends: Option<StoreTime>,
}

impl ScopeInfo {
    /// The life of every System scope.
    pub const SYSTEM: Self = Self { created: StoreTime::EPOCH, expires: None, ends: None };
}

/// What a load found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loaded {
    /// The scope, if it is live.
    pub scope: Option<ScopeInfo>,
    /// One entry per key asked, in that order.
    pub entries: Vec<Option<Entry>>,
}

/// Slides the deadline of a scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Touch {
    /// The new remaining life.
    pub ttl: Duration,
    /// Writes nothing unless it gains more than this; after a crash a scope may end up to this much early.
    pub slack: Duration,
}

impl Touch {
    /// A touch to `ttl` that writes at most once per tenth of it.
    pub fn new(ttl: Duration) -> Self {
        Self { ttl, slack: ttl / 10 }
    }

    /// The deadline after this touch at `now`, or `None` if nothing is to be written.
    ///
    /// The one place that decides S1; every backend asks it or does the same arithmetic.
    pub fn moves(self, now: StoreTime, info: &ScopeInfo) -> Option<StoreTime> {
        let current = info.expires?;
        let wanted = now.after(self.ttl);
        let target = info.ends.map_or(wanted, |ends| wanted.min(ends));
        (target > current.after(self.slack)).then_some(target)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_touch_moves_only_for_more_than_its_slack_and_never_past_the_end() {
        let at = StoreTime::from_millis;
        let ms = Duration::from_millis;
        let info = ScopeInfo { created: at(0), expires: Some(at(1_000)), ends: Some(at(5_000)) };
        let touch = Touch { ttl: ms(1_000), slack: ms(100) };
        assert_eq!(touch.moves(at(100), &info), None, "gains exactly the slack");
        assert_eq!(touch.moves(at(101), &info), Some(at(1_101)));
        assert_eq!(Touch { ttl: ms(9_000), slack: ms(0) }.moves(at(0), &info), Some(at(5_000)));
        assert_eq!(Touch { ttl: ms(10), slack: ms(0) }.moves(at(0), &info), None, "never shortens");
        assert_eq!(touch.moves(at(101), &ScopeInfo::SYSTEM), None);
    }
}
