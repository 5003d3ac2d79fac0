use std::sync::Arc;

use async_trait::async_trait;

use crate::component::Components;
use crate::operation::{Call, CallError, Middleware, Next, Operation, Outcome, Plan, Slots, plan};

/// How much of something may happen at once: on the node, and for one owner.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Caps {
    pub(crate) all: usize,
    pub(crate) per_owner: usize,
}

/// What happens at the same time has a cap, on the node and for each owner (contract R2). Room is taken before anything
/// else is done, and given back when what was begun is over.
pub(crate) struct Limits {
    components: Arc<Components>,
    calls: Arc<Slots>,
    waiters: Arc<Slots>,
    streams: Arc<Slots>,
}

impl Limits {
    pub(crate) fn new(components: Arc<Components>, calls: Caps, waiters: Caps, streams: Caps) -> Self {
        let slots = |resource, caps: Caps| Slots::new(resource, caps.all, caps.per_owner);
        Self {
            components,
            calls: slots("calls", calls),
            waiters: slots("waiters", waiters),
            streams: slots("streams", streams),
        }
    }

    /// What the call takes room of.
    fn slots_of(&self, operation: &Operation) -> Option<&Arc<Slots>> {
        match operation {
            Operation::CallTool(call) => match plan(&self.components, call) {
                Ok(Plan::Plain { .. }) => Some(&self.calls),
                Ok(Plan::Task { inline_for, .. }) if !inline_for.is_zero() => Some(&self.waiters),
                // How many tasks there may be is the store's to say.
                Ok(Plan::Task { .. }) | Err(_) => None,
            },
            Operation::ReadResource(_) | Operation::GetPrompt(_) | Operation::Complete(_) => Some(&self.calls),
            Operation::WatchTask(_) => Some(&self.waiters),
            Operation::Listen(_) => Some(&self.streams),
            Operation::ListTools(_)
            | Operation::ListResources(_)
            | Operation::ListResourceTemplates(_)
            | Operation::ListPrompts(_)
            | Operation::GetTask(_)
            | Operation::ListTasks(_)
            | Operation::CancelTask(_)
            | Operation::UpdateTask(_)
            | Operation::FollowProgress(_)
            | Operation::RunTask(_) => None,
        }
    }
}

#[async_trait]
impl Middleware for Limits {
    async fn handle(&self, mut call: Call, next: Next) -> Result<Outcome, CallError> {
        if let Some(slots) = self.slots_of(&call.operation) {
            match slots.take(&call.caller) {
                Ok(slot) => call.keep(slot),
                // The task is made all the same; its client gets the handle at once.
                Err(_) if matches!(call.operation, Operation::CallTool(_)) && Arc::ptr_eq(slots, &self.waiters) => {}
                Err(refused) => return Err(refused),
            }
        }
        next.run(call).await
    }
}
