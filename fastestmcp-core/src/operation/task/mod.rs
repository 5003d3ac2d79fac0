//! What clients ask of tasks, and what they are answered.

mod progress;
mod view;
mod watch;

pub use progress::ProgressFeed;
pub use view::TaskView;
pub(crate) use watch::TaskChanges;
pub use watch::TaskWatch;

use std::collections::BTreeMap;

use serde_json::Value;

use crate::ids::TaskId;

/// `tasks/get`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct GetTask {
    /// The task.
    pub id: TaskId,
}

impl GetTask {
    /// About the task `id`.
    pub const fn new(id: TaskId) -> Self {
        Self { id }
    }
}

/// `tasks/list`: the tasks of the caller, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ListTasks {
    /// Where to go on.
    pub cursor: Option<String>,
}

impl ListTasks {
    /// The first page, or the one that a cursor leads to.
    pub const fn new(cursor: Option<String>) -> Self {
        Self { cursor }
    }
}

/// `tasks/cancel`: the task is terminal on every node before it is answered (contract T8).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CancelTask {
    /// The task.
    pub id: TaskId,
}

impl CancelTask {
    /// About the task `id`.
    pub const fn new(id: TaskId) -> Self {
        Self { id }
    }
}

/// `tasks/update`: answers what a task waits for, in parts or in full (contract T7).
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct UpdateTask {
    /// The task.
    pub id: TaskId,
    /// Answers by key.
    pub answers: BTreeMap<String, Value>,
}

impl UpdateTask {
    /// Answers by key for the task `id`.
    pub const fn new(id: TaskId, answers: BTreeMap<String, Value>) -> Self {
        Self { id, answers }
    }
}

/// Follows a task, as `tasks/result` does (contract T12). Counts as a waiter until the watch is dropped.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WatchTask {
    /// The task.
    pub id: TaskId,
}

impl WatchTask {
    /// About the task `id`.
    pub const fn new(id: TaskId) -> Self {
        Self { id }
    }
}

/// Follows the progress of a task, finer than its record keeps. Answered by nothing if its client did not ask for progress
/// with a token.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FollowProgress {
    /// The task.
    pub id: TaskId,
}

impl FollowProgress {
    /// About the task `id`.
    pub const fn new(id: TaskId) -> Self {
        Self { id }
    }
}

/// One run of a task's handler by a worker of this node. No client asks for it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RunTask {
    /// The task.
    pub id: TaskId,
    /// The tool.
    pub tool: String,
    /// The how manieth start of its handler this is.
    pub attempt: u32,
}

/// A page of tasks and the sealed cursor of the next.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct TaskPage {
    /// Newest first, without inputs and outcomes.
    pub tasks: Vec<TaskView>,
    /// Asks for the next page; absent at the end.
    pub next_cursor: Option<String>,
}

/// What a cancel did.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct CancelOutcome {
    /// The task now.
    pub task: TaskView,
    /// It had ended before; nothing was changed.
    pub was_terminal: bool,
}
