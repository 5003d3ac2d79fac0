use bytes::Bytes;
use fastestmcp_core::session::Version;
use fastestmcp_core::task::{Idempotency, NewTask, Part, TaskHead, TaskRecord, Then};
use fastestmcp_core::time::StoreTime;

/// A stored task. Spec and state are shared with whoever reads them.
#[derive(Debug)]
pub(crate) struct Task {
    pub(crate) head: TaskHead,
    pub(crate) spec: Bytes,
    pub(crate) state: Bytes,
    pub(crate) idempotency: Option<Idempotency>,
}

impl Task {
    pub(crate) fn new(task: NewTask, now: StoreTime, version: Version) -> Self {
        let head = TaskHead {
            id: task.id,
            owner: task.owner,
            session: task.session,
            queue: task.queue,
            priority: task.priority,
            status: task.status,
            created: now,
            updated: now,
            expires: task.ttl.map(|ttl| now.after(ttl)),
            open: true,
            due: Some(now.after(task.delay)),
            lease: None,
            version,
            claims: 0,
        };
        Self { head, spec: task.spec, state: task.state, idempotency: task.idempotency }
    }

    pub(crate) fn live(&self, now: StoreTime) -> bool {
        self.head.expires.is_none_or(|expires| expires > now)
    }

    pub(crate) fn record(&self, part: Part) -> TaskRecord {
        TaskRecord {
            head: self.head.clone(),
            spec: part.has_spec().then(|| self.spec.clone()),
            state: part.has_state().then(|| self.state.clone()),
        }
    }

    /// Puts the task into its next phase.
    pub(crate) fn enter(&mut self, then: Then, now: StoreTime) {
        let head = &mut self.head;
        match then {
            Then::KeepLease => return,
            Then::Runnable { delay } => (head.due, head.open) = (Some(now.after(delay)), true),
            Then::Waiting { at_most } => (head.due, head.open) = (at_most.map(|at_most| now.after(at_most)), true),
            Then::Terminal { retain } => {
                (head.due, head.open) = (None, false);
                head.expires = head.expires.map(|expires| expires.max(now.after(retain)));
            }
        }
        head.lease = None;
    }
}
