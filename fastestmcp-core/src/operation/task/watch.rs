use std::time::Duration;

use async_trait::async_trait;
use tokio::time::{Instant, sleep_until};

use super::TaskView;
use crate::operation::{CallError, Slot};
use crate::time::backoff;

/// When a task is read again that could not be read.
const RETRY: Duration = Duration::from_millis(100);
/// And when at the latest.
const LATEST: Duration = Duration::from_secs(5);

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
    /// How often in a row it could not be read, and when to try again.
    failed: u32,
    again: Option<Instant>,
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
        Self { changes, may_have_changed: false, failed: 0, again: None, view, _slots: slots }
    }

    /// The task as last read.
    pub const fn view(&self) -> &TaskView {
        &self.view
    }

    /// Waits until the task is another version than the one last seen, and returns it. Cancel safe: a change is not
    /// missed, whenever the future is dropped. While the store does not answer, it is asked again and again.
    ///
    /// # Errors
    /// [`CallError::UnknownTask`] once it has expired; its record cannot be read.
    pub async fn changed(&mut self) -> Result<&TaskView, CallError> {
        loop {
            if !self.may_have_changed {
                self.changes.changed().await;
                self.may_have_changed = true;
            }
            if let Some(again) = self.again {
                sleep_until(again).await;
            }
            let view = match self.changes.read().await {
                Ok(view) => view,
                Err(CallError::Store(error)) if error.is_of_a_store_that_does_not_answer() => {
                    tracing::debug!(task = %self.view.id.short(), %error, "an awaited task cannot be read");
                    self.failed = self.failed.saturating_add(1);
                    self.again = Some(Instant::now() + backoff(RETRY, self.failed, LATEST));
                    continue;
                }
                Err(error) => return Err(error),
            };
            (self.may_have_changed, self.failed, self.again) = (false, 0, None);
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
