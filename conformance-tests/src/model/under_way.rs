//! Writes that are decided and about to be committed, for the bug that reads past them.

use std::time::{Duration, Instant};

use fastestmcp_core::ids::TaskId;
use fastestmcp_core::session::Scope;
use fastestmcp_core::time::StoreTime;

use super::{Bug, Model, Space};

/// How long a commit is under way.
pub(super) const COMMIT: Duration = Duration::from_millis(5);

/// What a write keeps alive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kept {
    Scope(Scope),
    Entry(Scope, String),
    Task(TaskId),
}

/// What is kept alive, its deadline before that, and since when.
pub(super) type UnderWay = Vec<(Kept, StoreTime, Instant)>;

impl Model {
    pub(super) fn keep(&self, space: &mut Space, kept: Kept, old: Option<StoreTime>) {
        if let Some(old) = old
            && self.switch.has(Bug::AbsentTooSoon)
        {
            space.under_way.push((kept, old, Instant::now()));
        }
    }

    /// Whether a read that waits for no write finds it expired.
    pub(super) fn is_read_past(&self, space: &Space, kept: &Kept, now: StoreTime) -> bool {
        let expired =
            |(what, old, since): &(Kept, StoreTime, Instant)| what == kept && *old <= now && since.elapsed() < COMMIT;
        self.switch.bends(Bug::AbsentTooSoon, space.under_way.iter().any(expired))
    }
}
