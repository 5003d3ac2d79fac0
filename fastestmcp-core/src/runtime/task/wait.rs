use std::time::Duration;

use tokio::time::Instant;

use super::run::TaskRun;
use super::tasks::Tasks;
use crate::task::{Rerun, TaskEvent};
use crate::time::StoreTime;

/// A moment later than any wait of ours: what is asked is still on its way into the record.
const NOT_YET: Duration = Duration::from_secs(3_600);
/// The store decides when a wait is over; who asks too early asks again after this.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// A handler that waits for input.
pub(super) struct Wait {
    /// Since the first question that is still open.
    pub(super) since: Instant,
    /// When a rerunnable handler is dropped and its slot freed; others wait in memory to the end.
    park_at: Option<Instant>,
}

impl Wait {
    /// A wait that begins or goes on with a further question.
    pub(super) fn again(before: Option<Self>, tasks: &Tasks, run: &TaskRun) -> Self {
        let now = Instant::now();
        let can_park = run.policy().rerun != Rerun::Never;
        Self {
            since: before.map_or(now, |wait| wait.since),
            park_at: can_park.then(|| now + tasks.node.config.park_after),
        }
    }

    /// When something is to be done about it.
    pub(super) fn until(&self, tasks: &Tasks, input_deadline: Option<StoreTime>) -> Instant {
        let now = Instant::now();
        let ends = input_deadline.map_or(NOT_YET, |deadline| deadline.since(tasks.node.store_now()).max(LOOK_AGAIN));
        self.park_at.map_or(now + ends, |park_at| park_at.max(now).min(now + ends))
    }

    /// What is to be done then.
    pub(super) fn over(&self, tasks: &Tasks) -> TaskEvent {
        let now = tasks.node.store_now();
        match self.park_at {
            Some(park_at) if park_at <= Instant::now() => TaskEvent::Parked(now),
            _ => TaskEvent::InputTimedOut(now),
        }
    }
}
