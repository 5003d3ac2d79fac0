//! Waiting for a task, on any node (contract T12).

use std::sync::Arc;

use async_trait::async_trait;

use super::hub::Subscription;
use super::owned::task;
use super::tasks::Tasks;
use crate::context::Caller;
use crate::ids::TaskId;
use crate::operation::{CallError, Slot, TaskChanges, TaskView, TaskWatch};

/// Follows a task; `slots` is room that is taken until the watch is dropped.
pub(crate) async fn watch(
    tasks: &Arc<Tasks>,
    caller: &Caller,
    id: &TaskId,
    slots: Vec<Slot>,
) -> Result<TaskWatch, CallError> {
    // Subscribed before it is read: no change falls between.
    let subscription = tasks.hub.subscribe(id);
    let mut changes = Changes { tasks: tasks.clone(), caller: caller.clone(), id: id.clone(), subscription };
    let view = changes.read().await?;
    Ok(TaskWatch::new(Box::new(changes), view, slots))
}

struct Changes {
    tasks: Arc<Tasks>,
    caller: Caller,
    id: TaskId,
    subscription: Subscription,
}

#[async_trait]
impl TaskChanges for Changes {
    async fn changed(&mut self) {
        self.subscription.changed().await;
    }

    async fn read(&mut self) -> Result<TaskView, CallError> {
        task(&self.tasks, &self.caller, &self.id).await
    }
}
