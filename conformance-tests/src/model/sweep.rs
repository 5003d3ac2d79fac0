use fastestmcp_core::backend::{SweepBudget, Swept};
use fastestmcp_core::time::StoreTime;

use super::Space;

/// What one step has used of its budget.
struct Spent {
    budget: SweepBudget,
    rows: usize,
    bytes: usize,
}

impl Spent {
    fn may(&mut self, bytes: usize) -> bool {
        let fits = self.rows < self.budget.max_rows && self.bytes < self.budget.max_bytes;
        if fits {
            self.rows += 1;
            self.bytes += bytes;
        }
        fits
    }
}

impl Space {
    /// Removes what is past at `now`, row by row, until the budget is used up.
    pub(super) fn sweep(&mut self, now: StoreTime, budget: SweepBudget) -> Swept {
        let mut spent = Spent { budget, rows: 0, bytes: 0 };
        let past = |deadline: Option<StoreTime>| deadline.is_some_and(|deadline| deadline <= now);
        let mut more = false;
        let mut removes = |is_past: bool, bytes: usize| {
            let removed = is_past && spent.may(bytes);
            more |= is_past && !removed;
            removed
        };
        for (info, entries) in self.sessions.scopes.values_mut() {
            let gone = past(info.expires);
            entries.retain(|_, entry| !removes(gone || past(entry.expires), entry.value.len()));
        }
        self.sessions.scopes.retain(|_, (info, entries)| {
            let empty = entries.is_empty();
            !removes(past(info.expires) && empty, 0)
        });
        self.tasks.retain(|_, stored| !removes(past(stored.head.expires), stored.bytes()));
        let vanished = &mut self.topics.vanished;
        self.topics.live.retain(|_, topic| {
            let idle = topic.written.after(topic.keep.age) <= now;
            let bytes = topic.events.iter().map(|(_, event)| event.payload.len()).sum();
            let removed = removes(idle, bytes);
            if removed {
                *vanished = (*vanished).max(topic.head);
            }
            !removed
        });
        Swept { removed: spent.rows as u64, more }
    }
}
