//! What a run makes of its record when others have written it, or its own node has claimed it again.

use std::time::Duration;

use super::run::{Held, TaskRun};
use crate::task::{TaskHead, TaskRecord, TaskState, TaskStatus};
use crate::time::backoff;

impl TaskRun {
    /// Takes over the record as it was read. The run is lost unless the task is still its own, or its own again.
    pub(super) fn adopt(&self, held: &mut Held, record: &TaskRecord) {
        if record.head.version <= held.version && self.holds(held, &record.head) {
            return;
        }
        let state = record.state.as_deref().map(TaskState::decode);
        match (state, TaskStatus::decode(record.head.status)) {
            (Some(Ok(state)), Ok(status)) if self.is_ours(held, &record.head) => {
                let head = &record.head;
                self.replay.adopt(&state.journal);
                if let Some(lease) = &head.lease {
                    held.token = lease.token;
                }
                held.version = head.version;
                held.snapshot.status = status;
                held.snapshot.claims = head.claims;
                held.snapshot.state = state;
                // A claim of what this run goes on with is no attempt; its next write says so (contract T2).
                let credits = &mut held.snapshot.state.credits;
                *credits = (*credits).max(head.claims.saturating_sub(self.attempts));
                self.show(held);
            }
            _ => self.lost.cancel(),
        }
    }

    /// A worker that was suspended for longer than its lease may claim what it is still running: it adopts the new claim
    /// and goes on (contract T5). True if it does; else the run is lost.
    pub(super) async fn adopt_claim(&self, record: &TaskRecord) -> bool {
        let mut held = self.record.lock().await;
        let goes_on = |held: &Held| !held.over && !self.lost.is_cancelled() && !self.ended.is_cancelled();
        if goes_on(&held) {
            self.adopt(&mut held, record);
        }
        goes_on(&held)
    }

    /// Reads the record of a lease that could not be renewed, until it is known whose the task is.
    pub(super) async fn look_whose_it_is(&self) {
        let mut attempt = 0;
        loop {
            let mut held = self.record.lock().await;
            if held.over || self.lost.is_cancelled() {
                return;
            }
            let Err(error) = self.read_again(&mut held).await else { return };
            drop(held);
            if !error.is_of_a_store_that_does_not_answer() {
                tracing::error!(task = %self.id.short(), %error, "the record of a running task cannot be read");
                return self.lost.cancel();
            }
            attempt += 1;
            tokio::select! {
                () = tokio::time::sleep(backoff(Duration::from_millis(20), attempt, Duration::from_secs(1))) => {}
                () = self.ended.cancelled() => return,
            }
        }
    }

    fn holds(&self, held: &Held, head: &TaskHead) -> bool {
        head.lease.as_ref().is_some_and(|lease| lease.token == held.token)
    }

    /// Whether the task is leased under this run's claim, or under the next one, made by this very process. In between
    /// nobody else can have run it: that would have been a claim, too.
    fn is_ours(&self, held: &Held, head: &TaskHead) -> bool {
        let Some(lease) = &head.lease else { return false };
        let next = lease.worker == self.tasks.node.worker && head.claims == held.snapshot.claims + 1;
        lease.token == held.token || (next && lease.token > held.token)
    }
}
