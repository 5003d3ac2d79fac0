use std::collections::BTreeSet;
use std::ops::Bound;
use std::sync::Arc;

use fastestmcp_core::time::StoreTime;

/// Tasks by creation time, then id. Listings walk it backwards.
#[derive(Debug, Default)]
pub(crate) struct Newest(BTreeSet<(StoreTime, Arc<str>)>);

impl Newest {
    pub(crate) fn insert(&mut self, created: StoreTime, id: &Arc<str>) {
        self.0.insert((created, id.clone()));
    }

    pub(crate) fn remove(&mut self, created: StoreTime, id: &Arc<str>) {
        self.0.remove(&(created, id.clone()));
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Newest first, those older than `after` if it is given.
    pub(crate) fn older(&self, after: Option<(StoreTime, &str)>) -> impl Iterator<Item = &Arc<str>> {
        let end = match after {
            None => Bound::Unbounded,
            Some((created, id)) => Bound::Excluded((created, Arc::from(id))),
        };
        self.0.range((Bound::Unbounded, end)).rev().map(|(_, id)| id)
    }
}

/// The tasks of one owner.
#[derive(Debug, Default)]
pub(crate) struct Owned {
    pub(crate) newest: Newest,
    /// The open ones by expiry, so that the expired are known without looking at the rest.
    pub(crate) open: BTreeSet<(StoreTime, Arc<str>)>,
}

impl Owned {
    /// Open tasks that are not expired: exact, whether swept or not (T1).
    pub(crate) fn count_open(&self, now: StoreTime) -> u32 {
        let expired = self.open.iter().take_while(|(expires, _)| *expires <= now).count();
        u32::try_from(self.open.len() - expired).unwrap_or(u32::MAX)
    }
}
