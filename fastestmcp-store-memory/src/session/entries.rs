use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use bytes::Bytes;
use fastestmcp_core::session::{Entry, Version};
use fastestmcp_core::time::StoreTime;
use smol_str::SmolStr;

/// The deadline of what has none.
pub(crate) const NEVER: StoreTime = StoreTime::from_millis(u64::MAX);

/// From how many keys on a tree is worth its memory.
const MANY: usize = 16;

/// A stored value. `NEVER` stands for no deadline to save the eight bytes of an option.
#[derive(Debug)]
pub(crate) struct Stored {
    pub(crate) value: Bytes,
    pub(crate) version: Version,
    pub(crate) deadline: StoreTime,
}

impl Stored {
    pub(crate) fn live(&self, now: StoreTime) -> bool {
        self.deadline > now
    }

    /// What callers see; the value is shared.
    pub(crate) fn entry(&self) -> Entry {
        let expires = (self.deadline != NEVER).then_some(self.deadline);
        Entry { value: self.value.clone(), version: self.version, expires }
    }
}

/// The keys of one scope in the order of their bytes: one in place, a sorted vector while they are few, a tree
/// afterwards.
#[derive(Debug)]
pub(crate) enum Entries {
    One((SmolStr, Stored)),
    /// Also none at all.
    Few(Vec<(SmolStr, Stored)>),
    Many(Box<Many>),
}

#[derive(Debug, Default)]
pub(crate) struct Many {
    map: BTreeMap<SmolStr, Stored>,
    /// Of the keys that have a deadline of their own.
    deadlines: BTreeSet<(StoreTime, SmolStr)>,
}

impl Many {
    fn of(few: Vec<(SmolStr, Stored)>) -> Box<Self> {
        let mut many = Box::<Self>::default();
        few.into_iter().for_each(|(key, stored)| many.put(key, stored));
        many
    }

    fn put(&mut self, key: SmolStr, stored: Stored) {
        let deadline = stored.deadline;
        if let Some(old) = self.map.insert(key.clone(), stored) {
            self.forget(&key, old.deadline);
        }
        if deadline != NEVER {
            self.deadlines.insert((deadline, key));
        }
    }

    fn remove(&mut self, key: &str) -> Option<Stored> {
        let (key, old) = self.map.remove_entry(key)?;
        self.forget(&key, old.deadline);
        Some(old)
    }

    fn forget(&mut self, key: &SmolStr, deadline: StoreTime) {
        if deadline != NEVER {
            self.deadlines.remove(&(deadline, key.clone()));
        }
    }
}

impl Default for Entries {
    fn default() -> Self {
        Self::Few(Vec::new())
    }
}

impl Entries {
    /// The keys that lie in one piece, unless they are many.
    fn slice(&self) -> Result<&[(SmolStr, Stored)], &Many> {
        match self {
            Self::One(one) => Ok(std::slice::from_ref(one)),
            Self::Few(few) => Ok(few),
            Self::Many(many) => Err(many),
        }
    }

    /// How many keys there are, with their places among the deadlines.
    pub(crate) fn len(&self) -> usize {
        self.slice().map_or_else(|many| many.map.len() + many.deadlines.len(), <[_]>::len)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.slice().map_or_else(|many| many.map.is_empty(), <[_]>::is_empty)
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Stored> {
        match self.slice() {
            Ok(few) => few.binary_search_by(|(found, _)| found.as_str().cmp(key)).ok().map(|at| &few[at].1),
            Err(many) => many.map.get(key),
        }
    }

    pub(crate) fn put(&mut self, key: SmolStr, stored: Stored) {
        match self {
            Self::One((found, one)) if *found == key => *one = stored,
            Self::Few(few) if few.is_empty() => *self = Self::One((key, stored)),
            Self::Many(many) => many.put(key, stored),
            Self::One(_) | Self::Few(_) => {
                let mut few = self.take_few();
                match few.binary_search_by(|(found, _)| found.cmp(&key)) {
                    Ok(at) => few[at].1 = stored,
                    Err(at) => {
                        few.reserve_exact(1);
                        few.insert(at, (key, stored));
                    }
                }
                *self = if few.len() > MANY { Self::Many(Many::of(few)) } else { Self::Few(few) };
            }
        }
    }

    fn take_few(&mut self) -> Vec<(SmolStr, Stored)> {
        match std::mem::take(self) {
            Self::One(one) => vec![one],
            Self::Few(few) => few,
            Self::Many(_) => Vec::new(),
        }
    }

    pub(crate) fn remove(&mut self, key: &str) -> Option<Stored> {
        match self {
            Self::Many(many) => many.remove(key),
            _ => self.remove_where(|found, _| found == key),
        }
    }

    /// Removes any one key.
    pub(crate) fn pop(&mut self) -> Option<Stored> {
        match self {
            Self::Many(many) => {
                let (key, stored) = many.map.pop_first()?;
                many.forget(&key, stored.deadline);
                Some(stored)
            }
            _ => self.remove_where(|_, _| true),
        }
    }

    /// Removes a key whose own deadline has passed.
    pub(crate) fn pop_expired(&mut self, now: StoreTime) -> Option<Stored> {
        match self {
            Self::Many(many) => {
                let (_, key) = many.deadlines.first().filter(|(deadline, _)| *deadline <= now)?.clone();
                many.remove(&key)
            }
            _ => self.remove_where(|_, stored| !stored.live(now)),
        }
    }

    /// Removes the last of few keys that is wanted.
    fn remove_where(&mut self, wanted: impl Fn(&str, &Stored) -> bool) -> Option<Stored> {
        let at = self.slice().ok()?.iter().rposition(|(key, stored)| wanted(key, stored))?;
        match self {
            Self::Few(few) => Some(few.remove(at).1),
            _ => self.take_few().pop().map(|(_, stored)| stored),
        }
    }

    /// When the first key expires by itself; `NEVER` if none does.
    pub(crate) fn first_deadline(&self) -> StoreTime {
        match self.slice() {
            Ok(few) => few.iter().map(|(_, stored)| stored.deadline).min().unwrap_or(NEVER),
            Err(many) => many.deadlines.first().map_or(NEVER, |(deadline, _)| *deadline),
        }
    }

    /// When the last key expires by itself: `NEVER` if one stays, the epoch if there is none.
    pub(crate) fn last_deadline(&self) -> StoreTime {
        match self.slice() {
            Ok(few) => few.iter().map(|(_, stored)| stored.deadline).max().unwrap_or(StoreTime::EPOCH),
            Err(many) if many.deadlines.len() < many.map.len() => NEVER,
            Err(many) => many.deadlines.last().map_or(StoreTime::EPOCH, |(deadline, _)| *deadline),
        }
    }

    /// The keys from `start` on, in order.
    pub(crate) fn from<'a>(&'a self, start: Bound<&str>) -> Box<dyn Iterator<Item = (&'a str, &'a Stored)> + 'a> {
        match self.slice() {
            Ok(few) => {
                let at = few.partition_point(|(key, _)| match start {
                    Bound::Included(start) => key.as_str() < start,
                    Bound::Excluded(start) => key.as_str() <= start,
                    Bound::Unbounded => false,
                });
                Box::new(few[at..].iter().map(|(key, stored)| (key.as_str(), stored)))
            }
            Err(many) => Box::new(
                many.map.range::<str, _>((start, Bound::Unbounded)).map(|(key, stored)| (key.as_str(), stored)),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(deadline: StoreTime) -> Stored {
        Stored { value: Bytes::new(), version: Version(1), deadline }
    }

    /// Few and many keys alike: the size decides the structure, never the answer.
    #[test]
    fn keys_stay_ordered_and_deadlines_exact_over_the_change_of_structure() {
        let at = StoreTime::from_millis;
        for count in [MANY, MANY + 1, 10 * MANY] {
            let mut entries = Entries::default();
            for i in (0..count).rev() {
                entries.put(SmolStr::new(format!("{i:04}")), stored(at(1_000 + i as u64)));
            }
            let keys: Vec<String> = entries.from(Bound::Excluded("0003")).map(|(key, _)| key.to_owned()).collect();
            assert_eq!(keys, (4..count).map(|i| format!("{i:04}")).collect::<Vec<_>>());
            assert_eq!((entries.first_deadline(), entries.last_deadline()), (at(1_000), at(999 + count as u64)));
            entries.put("0000".into(), stored(NEVER));
            assert_eq!((entries.first_deadline(), entries.last_deadline()), (at(1_001), NEVER));
            assert!(entries.pop_expired(at(1_000)).is_none());
            assert!(entries.pop_expired(at(1_001)).is_some_and(|gone| gone.deadline == at(1_001)));
            assert!(entries.remove("0000").is_some() && entries.get("0000").is_none());
            assert_eq!(std::iter::from_fn(|| entries.pop()).count(), count - 2);
            assert!(entries.is_empty() && entries.last_deadline() == StoreTime::EPOCH);
        }
    }
}
