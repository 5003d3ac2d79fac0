use async_trait::async_trait;

use super::TaskView;
use crate::operation::{CallError, Slot};

/// Where a watch learns of changes.
#[async_trait]
pub(crate) trait TaskChanges: Send {
    /// Resolves when the task may have changed since the last call. Cancel safe.
    async fn changed(&mut self);

    /// Reads the task again.
    async fn read(&mut self) -> Result<TaskView, CallError>;
}

/// Follows one task, on any node, until it is dropped.
pub struct TaskWatch {
    changes: Box<dyn TaskChanges>,
    /// The task may have changed since it was last read.
    may_have_changed: bool,
    view: TaskView,
    _slots: Vec<Slot>,
}

impl std::fmt::Debug for TaskWatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TaskWatch").field("task", &self.view.id).finish_non_exhaustive()
    }
}

impl TaskWatch {
    pub(crate) fn new(changes: Box<dyn TaskChanges>, view: TaskView, slots: Vec<Slot>) -> Self {
        Self { changes, may_have_changed: false, view, _slots: slots }
    }

    /// The task as last read.
    pub const fn view(&self) -> &TaskView {
        &self.view
    }

    /// Waits until the task is another version than the one last seen, and returns it. Cancel safe: a change is not
    /// missed, whenever the future is dropped.
    ///
    /// # Errors
    /// [`CallError::UnknownTask`] once it has expired; the store failed, after which it can be called again.
    pub async fn changed(&mut self) -> Result<&TaskView, CallError> {
        loop {
            if !self.may_have_changed {
                self.changes.changed().await;
                self.may_have_changed = true;
            }
            let view = self.changes.read().await?;
            self.may_have_changed = false;
            if view.version != self.view.version {
                self.view = view;
                return Ok(&self.view);
            }
        }
    }

    /// Waits until the task has ended.
    ///
    /// # Errors
    /// As [`TaskWatch::changed`].
    pub async fn ended(&mut self) -> Result<&TaskView, CallError> {
        while !self.view.status.is_terminal() {
            self.changed().await?;
        }
        Ok(&self.view)
    }
}
