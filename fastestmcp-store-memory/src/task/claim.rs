use std::time::Duration;

use fastestmcp_core::session::Version;
use fastestmcp_core::task::{ClaimRequest, Claimed, Lease, Part, TaskRecord, Token};
use fastestmcp_core::time::StoreTime;

use super::queue::{Due, LEVELS};
use super::tasks::Tasks;
use crate::space::Sequence;

impl Tasks {
    /// Leases due tasks level by level, then by due time, then by id (T4).
    pub(super) fn claim(
        &mut self,
        request: &ClaimRequest,
        max_bytes: usize,
        now: StoreTime,
        sequence: &Sequence,
    ) -> Claimed {
        let (mut tasks, mut bytes) = (Vec::new(), 0);
        for level in (0..LEVELS as u8).rev() {
            while tasks.len() < request.limit
                && let Some((_, id)) = self.head(&request.queues, level, now).filter(|(due, _)| *due <= now)
            {
                bytes += self.stored(&id).map_or(0, |task| task.spec.len() + task.state.len());
                if bytes > max_bytes && !tasks.is_empty() {
                    return Claimed::new(tasks, Some(Duration::ZERO));
                }
                tasks.extend(self.lease(&id, request, now, sequence));
            }
        }
        let next = (0..LEVELS as u8).filter_map(|level| self.head(&request.queues, level, now)).min();
        Claimed::new(tasks, next.map(|(due, _)| due.since(now)))
    }

    fn lease(&mut self, id: &str, request: &ClaimRequest, now: StoreTime, sequence: &Sequence) -> Option<TaskRecord> {
        self.edit(id, |task| {
            task.head.version = Version(sequence.draw());
            task.head.claims = task.head.claims.saturating_add(1);
            task.head.lease = Some(Lease { worker: request.worker.clone(), token: Token(sequence.draw()) });
            task.head.due = Some(now.after(request.lease));
            task.record(Part::All)
        })
    }

    /// The task of a level that is due first in any of these queues. Expired ones on the way leave their queue: they
    /// are absent, and only wait to be swept.
    fn head(&mut self, queues: &[String], level: u8, now: StoreTime) -> Option<Due> {
        loop {
            let first = queues.iter().filter_map(|queue| self.queues.get(queue)?.first(level)).min()?.clone();
            if self.live(&first.1, now).is_some() {
                return Some(first);
            }
            self.edit(&first.1, |task| task.head.due = None)?;
        }
    }
}
