//! What the cases of this seam do over and over, in one line each.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use fastestmcp_core::ids::TaskId;
use fastestmcp_core::principal::{Owner, OwnerFilter};
use fastestmcp_core::session::Version;
use fastestmcp_core::task::{
    ClaimRequest, Claimed, Guard, InsertOutcome, NewTask, Part, Renewed, ReplaceOutcome, ReplaceRequest, TaskBackend,
    TaskHead, TaskRecord, Then, Token,
};

use crate::brief::brief;
use crate::halt::Halt;
use crate::scene::Scene;

pub(super) type Tasks = Arc<dyn TaskBackend>;

pub(super) const MS: Duration = Duration::from_millis(1);
pub(super) const SECOND: Duration = Duration::from_secs(1);
pub(super) const LEASE: Duration = Duration::from_secs(30);
pub(super) const HOUR: Duration = Duration::from_secs(3_600);

/// A queue that nothing has used yet.
pub(super) fn queue(scene: &Scene) -> String {
    scene.name("queue")
}

/// A task under a name that nothing has used yet, due at once in `queue`.
pub(super) fn task(scene: &Scene, queue: &str) -> NewTask {
    let id = TaskId::new(scene.name("task"));
    NewTask::new(id, Owner::new("owner"), queue, Bytes::from_static(b"spec"), Bytes::from_static(b"state"))
}

/// An insert that the rest of the case cannot do without.
pub(super) async fn insert(tasks: &Tasks, task: NewTask) -> Result<TaskHead, Halt> {
    let id = task.id.clone();
    match tasks.insert(task).await?.value {
        InsertOutcome::Inserted(head) => Ok(*head),
        other => Err(Halt::Wrong(format!("the insert of {id} should apply, got {}", brief(&other)))),
    }
}

/// Inserts a task that is due at once.
pub(super) async fn due_task(scene: &Scene, tasks: &Tasks, queue: &str) -> Result<TaskHead, Halt> {
    insert(tasks, task(scene, queue)).await
}

pub(super) async fn record(tasks: &Tasks, id: &TaskId) -> Result<Option<TaskRecord>, Halt> {
    let mut found = tasks.get(std::slice::from_ref(id), &OwnerFilter::Any, Part::All).await?.value;
    if found.len() != 1 {
        return Err(Halt::Wrong(format!("1 id asked, {} answers", found.len())));
    }
    Ok(found.pop().flatten())
}

pub(super) async fn head(tasks: &Tasks, id: &TaskId) -> Result<Option<TaskHead>, Halt> {
    Ok(record(tasks, id).await?.map(|record| record.head))
}

/// The head of a task that must be there.
pub(super) async fn must_head(tasks: &Tasks, id: &TaskId) -> Result<TaskHead, Halt> {
    head(tasks, id).await?.ok_or_else(|| Halt::Wrong(format!("{id} should be there")))
}

pub(super) async fn claim(tasks: &Tasks, queue: &str, limit: usize) -> Result<Claimed, Halt> {
    claim_for(tasks, &[queue], limit, LEASE).await
}

pub(super) async fn claim_for(tasks: &Tasks, queues: &[&str], limit: usize, lease: Duration) -> Result<Claimed, Halt> {
    let queues = queues.iter().map(ToString::to_string).collect();
    Ok(tasks.claim(ClaimRequest::new(queues, "worker", limit, lease)).await?.value)
}

/// The ids of claimed tasks, in order.
pub(super) fn ids(claimed: &Claimed) -> Vec<TaskId> {
    claimed.tasks.iter().map(|record| record.head.id.clone()).collect()
}

/// A task that somebody holds, with the token.
#[derive(Clone, Debug)]
pub(super) struct Held {
    pub(super) head: TaskHead,
    pub(super) token: Token,
}

impl Held {
    pub(super) fn of(record: TaskRecord) -> Result<Self, Halt> {
        match &record.head.lease {
            Some(lease) => Ok(Self { token: lease.token, head: record.head }),
            None => Err(Halt::Wrong(format!("a claimed task shows no lease: {}", brief(&record)))),
        }
    }

    pub(super) fn guard(&self) -> Guard {
        Guard { version: self.head.version, token: Some(self.token) }
    }

    pub(super) fn replace(&self, status: u8, then: Then) -> ReplaceRequest {
        replace(&self.head.id, self.guard(), status, then)
    }
}

/// Claims the one due task of a queue.
pub(super) async fn claim_one(tasks: &Tasks, queue: &str) -> Result<Held, Halt> {
    let mut claimed = claim(tasks, queue, 10).await?;
    match (claimed.tasks.pop(), claimed.tasks.is_empty()) {
        (Some(record), true) => Held::of(record),
        (other, _) => Err(Halt::Wrong(format!("exactly one task was due, got {} and more", brief(&other)))),
    }
}

/// Inserts a task into a queue of its own and claims it.
pub(super) async fn held_task(scene: &Scene, tasks: &Tasks) -> Result<(String, Held), Halt> {
    let queue = queue(scene);
    due_task(scene, tasks, &queue).await?;
    let held = claim_one(tasks, &queue).await?;
    Ok((queue, held))
}

pub(super) fn replace(id: &TaskId, guard: Guard, status: u8, then: Then) -> ReplaceRequest {
    ReplaceRequest::new(id.clone(), guard, status, Bytes::from(format!("state {status}")), then)
}

pub(super) const fn unheld(version: Version) -> Guard {
    Guard { version, token: None }
}

/// A replace that the rest of the case cannot do without.
pub(super) async fn must_replace(tasks: &Tasks, request: ReplaceRequest) -> Result<TaskHead, Halt> {
    let asked = brief(&request);
    match tasks.replace(request).await?.value {
        ReplaceOutcome::Replaced(head) => Ok(*head),
        other => Err(Halt::Wrong(format!("{asked} should apply, got {}", brief(&other)))),
    }
}

pub(super) async fn renew_one(tasks: &Tasks, id: &TaskId, token: Token, lease: Duration) -> Result<Renewed, Halt> {
    match tasks.renew(&[(id.clone(), token)], lease).await?.value.as_slice() {
        [one] => Ok(*one),
        other => Err(Halt::Wrong(format!("1 lease to renew, {} answers", other.len()))),
    }
}
