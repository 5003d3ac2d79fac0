use std::sync::Arc;

use async_trait::async_trait;

use super::run::TaskRun;
use crate::context::{ContextError, Host, LogMessage};
use crate::event::{Change, List};
use crate::ids::TaskId;
use crate::task::{Progress, TaskEvent};

/// What the context of a task's handler rests on: whatever must outlive the handler goes into the record.
pub(super) struct TaskHost(pub(super) Arc<TaskRun>);

#[async_trait]
impl Host for TaskHost {
    fn task_id(&self) -> Option<&TaskId> {
        Some(self.0.id())
    }

    fn progress(&self, progress: Progress) {
        self.0.note_progress(progress);
    }

    /// Nobody waits for it.
    fn log(&self, message: LogMessage) {
        let LogMessage { level, logger, data } = message;
        tracing::debug!(task = %self.0.id().short(), ?level, logger, %data, "a task says");
    }

    fn resource_updated(&self, uri: String) {
        self.0.tasks.node.change_announcer.announce(Change::Resource(uri));
    }

    fn list_changed(&self, list: List) {
        self.0.tasks.node.change_announcer.announce(Change::List(list));
    }

    async fn record(&self, event: TaskEvent) -> Result<(), ContextError> {
        self.0.write(event).await
    }

    /// It is a task already.
    async fn detach(&self) {}
}
