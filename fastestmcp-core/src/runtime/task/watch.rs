//! Waiting for a task, on any node (contract T12).

use std::sync::Arc;

use super::hub::Subscription;
use super::owned::task;
use super::view::TaskView;
use crate::ids::TaskId;
use crate::runtime::caller::Caller;
use crate::runtime::error::CallError;
use crate::runtime::shared::Shared;
use crate::runtime::slots::Slot;

/// Follows one task, on any node, until it is dropped.
pub struct TaskWatch {
    shared: Arc<Shared>,
    caller: Caller,
    subscription: Subscription,
    /// The task may have changed since it was last read.
    may_have_changed: bool,
    view: TaskView,
    _waiter: Slot,
}

impl std::fmt::Debug for TaskWatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TaskWatch").field("task", &self.view.id).finish_non_exhaustive()
    }
}

impl TaskWatch {
    pub(crate) async fn new(shared: &Arc<Shared>, caller: &Caller, id: &TaskId) -> Result<Self, CallError> {
        let waiter = shared.waiters.take(caller)?;
        // Subscribed before it is read: no change falls between.
        let subscription = shared.hub.subscribe(id);
        let view = task(shared, caller, id).await?;
        let (shared, caller) = (shared.clone(), caller.clone());
        Ok(Self { shared, caller, subscription, may_have_changed: false, view, _waiter: waiter })
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
                self.subscription.changed().await;
                self.may_have_changed = true;
            }
            let view = task(&self.shared, &self.caller, &self.view.id).await?;
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
