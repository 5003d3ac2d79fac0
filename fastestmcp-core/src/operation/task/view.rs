use std::collections::BTreeMap;
use std::time::Duration;

use crate::ids::TaskId;
use crate::session::Version;
use crate::task::{InputRequest, Progress, TaskHead, TaskOutcome, TaskState, TaskStatus};
use crate::time::StoreTime;

/// A task as its owner sees it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct TaskView {
    /// Its id.
    pub id: TaskId,
    /// Its status.
    pub status: TaskStatus,
    /// What the handler last said.
    pub progress: Option<Progress>,
    /// When it was created.
    pub created: StoreTime,
    /// When it last changed.
    pub updated: StoreTime,
    /// How long it lives, counted from its creation; `None` for ever.
    pub ttl: Option<Duration>,
    /// How often clients are asked to poll.
    pub poll_interval: Duration,
    /// What the client still has to answer, by key.
    pub inputs: BTreeMap<String, InputRequest>,
    /// How it ended.
    pub outcome: Option<TaskOutcome>,
    /// Rises with every change.
    pub version: Version,
}

impl TaskView {
    /// A view of a stored task; without its state, only what the head says.
    pub(crate) fn new(head: TaskHead, state: Option<TaskState>) -> Self {
        let TaskState { poll_ms, progress, journal, outcome, .. } = state.unwrap_or_default();
        Self {
            // A status of a newer release is shown as what it must be: open or failed.
            status: TaskStatus::from_code(head.status).unwrap_or(if head.open {
                TaskStatus::Working
            } else {
                TaskStatus::Failed
            }),
            ttl: head.expires.map(|expires| expires.since(head.created)),
            inputs: journal.open_inputs().map(|(key, request)| (key.to_owned(), request.clone())).collect(),
            id: head.id,
            progress,
            created: head.created,
            updated: head.updated,
            poll_interval: Duration::from_millis(poll_ms),
            outcome,
            version: head.version,
        }
    }
}
