use std::cmp::Reverse;
use std::time::Duration;

use fastestmcp_core::backend::At;
use fastestmcp_core::error::StoreResult;
use fastestmcp_core::ids::TaskId;
use fastestmcp_core::session::Version;
use fastestmcp_core::task::{ClaimRequest, Claimed, Lease, Part, TaskRecord, Token};
use fastestmcp_core::time::StoreTime;

use super::damage::corrupt;
use super::task::Stored;
use super::{Bug, Model, Space};

impl Model {
    pub(super) async fn claim_here(&self, request: &ClaimRequest) -> StoreResult<At<Claimed>> {
        let (mut space, now) = self.begin().await;
        let is_due = |stored: &Stored| {
            self.is_past(stored.head.due, now)
                && request.queues.contains(&stored.head.queue)
                && space.damaged.task(&stored.head.id)
        };
        if self.switch.has(Bug::DamageFailsClaims)
            && self.switch.bends(Bug::DamageFailsClaims, self.live(&space, now).any(is_due))
        {
            return Err(corrupt("claim"));
        }
        let claimed = self.claim_locked(&mut space, request, now);
        Ok(At::new(now, claimed))
    }

    fn claim_locked(&self, space: &mut Space, request: &ClaimRequest, now: StoreTime) -> Claimed {
        let mut scheduled: Vec<_> = self
            .live(space, now)
            .filter(|stored| request.queues.contains(&stored.head.queue))
            .filter_map(|stored| Some((Reverse(stored.head.priority), stored.head.due?, stored.head.id.clone())))
            .collect();
        scheduled.sort();
        if self.switch.has(Bug::QueuesOneByOne) && request.queues.len() > 1 {
            self.switch.fire();
            let place = |id: &TaskId| {
                let queue = space.tasks.get(id).map(|stored| &stored.head.queue);
                request.queues.iter().position(|name| Some(name) == queue)
            };
            scheduled.sort_by_key(|(.., id)| place(id));
        }
        let twice = |queue: &String| request.queues.iter().filter(|name| *name == queue).count() > 1;
        if self.switch.bends(Bug::QueueNamedTwice, request.queues.iter().any(twice)) {
            scheduled = scheduled.into_iter().flat_map(|row| [row.clone(), row]).collect();
        }
        let is_due = |due: StoreTime| {
            self.is_past(Some(due), now)
                || self.switch.bends(Bug::EarlyReclaim, due <= now.after(Duration::from_millis(500)))
        };
        let (mut chosen, mut damaged): (Vec<TaskId>, Vec<TaskId>) = Default::default();
        let mut before_damage = None;
        let mut next_due: Option<Duration> = None;
        let mut bytes = 0;
        for (_, due, id) in scheduled {
            let size = space.tasks.get(&id).map_or(0, Stored::bytes);
            if chosen.len() < request.limit && is_due(due) && space.damaged.task(&id) {
                before_damage.get_or_insert(chosen.len());
                damaged.push(id);
            } else if chosen.len() < request.limit
                && is_due(due)
                && (bytes + size <= self.limits.max_batch_bytes
                    || chosen.is_empty()
                    || self.switch.is(Bug::AnswersWithoutBound))
            {
                bytes += size;
                chosen.push(id);
            } else {
                let wait = due.since(now);
                next_due = Some(next_due.map_or(wait, |earlier| earlier.min(wait)));
            }
        }
        let mut unseen = chosen.len();
        if self.switch.has(Bug::CutClaimLeasesAll) && next_due == Some(Duration::ZERO) && chosen.len() < request.limit {
            self.switch.fire();
            let due = self.live(space, now).filter(|stored| self.is_past(stored.head.due, now));
            let due = due.filter(|stored| request.queues.contains(&stored.head.queue));
            let rest: Vec<_> = due.map(|stored| stored.head.id.clone()).filter(|id| !chosen.contains(id)).collect();
            chosen.extend(rest);
            unseen = unseen.min(chosen.len());
        }
        if self.switch.bends(Bug::CutClaimHidesDue, next_due == Some(Duration::ZERO) && chosen.len() < request.limit) {
            next_due = None;
        }
        for id in &damaged {
            if self.switch.is(Bug::DamageStaysDue) {
                next_due = Some(Duration::ZERO);
            } else if let Some(stored) = self.task(space, id, now) {
                stored.head.due = None;
            }
        }
        let mut tasks: Vec<_> = chosen.iter().filter_map(|id| self.lease(space, id, request, now)).collect();
        if let Some(before) = before_damage
            && self.switch.bends(Bug::DamageStrandsNeighbours, before < tasks.len())
        {
            tasks.truncate(before);
        }
        if self.switch.has(Bug::CutClaimLeasesAll) {
            tasks.truncate(unseen);
        }
        let mut claimed = Claimed::new(tasks, next_due);
        claimed.damaged = damaged;
        claimed
    }

    fn lease(&self, space: &mut Space, id: &TaskId, request: &ClaimRequest, now: StoreTime) -> Option<TaskRecord> {
        let (version, token) = (Version(space.draw()), Token(space.draw()));
        let stored = self.task(space, id, now)?;
        if !self.switch.is(Bug::ClaimKeepsVersion) {
            stored.head.version = version;
        }
        stored.head.claims += 1;
        stored.head.due = Some(self.deadline(now, request.lease));
        stored.head.lease = Some(Lease { worker: request.worker.clone(), token });
        Some(stored.record(Part::All))
    }
}
