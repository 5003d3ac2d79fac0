use fastestmcp_core::session::ScopeInfo;
use fastestmcp_core::time::StoreTime;

use super::entries::{Entries, NEVER};
use super::id::Id;

/// A scope with its id and its first key in one piece: there may be a million idle ones, and most loads are of one key.
#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) id: Id,
    pub(crate) created: StoreTime,
    /// Slides with touches; `NEVER` for System scopes alone, because every lifetime is bounded.
    pub(crate) deadline: StoreTime,
    /// The absolute end; `NEVER` if it has none.
    pub(crate) ends: StoreTime,
    pub(crate) entries: Entries,
}

impl Record {
    /// When it is gone as a whole. A System scope is there for as long as it holds a key.
    fn dies(&self) -> StoreTime {
        if self.deadline == NEVER { self.entries.last_deadline() } else { self.deadline }
    }

    /// When a sweep has something to do here.
    pub(crate) fn sweep_at(&self) -> StoreTime {
        self.dies().min(self.entries.first_deadline())
    }

    pub(crate) fn live(&self, now: StoreTime) -> bool {
        self.dies() > now
    }

    pub(crate) fn info(&self) -> ScopeInfo {
        let some = |time| (time != NEVER).then_some(time);
        ScopeInfo { created: self.created, expires: some(self.deadline), ends: some(self.ends) }
    }
}

const _: () = assert!(size_of::<Option<Record>>() == 144);
