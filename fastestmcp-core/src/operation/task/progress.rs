use serde_json::Value;

use crate::event::{Delivery, EventSubscription};
use crate::operation::CallError;
use crate::task::Progress;

/// The progress of one task from now on, wherever it runs.
#[derive(Debug)]
pub struct ProgressFeed {
    token: Value,
    events: EventSubscription,
}

impl ProgressFeed {
    pub(crate) const fn new(token: Value, events: EventSubscription) -> Self {
        Self { token, events }
    }

    /// The token under which the client asked for it.
    pub const fn token(&self) -> &Value {
        &self.token
    }

    /// The next progress. Stop when the task has ended.
    ///
    /// # Errors
    /// `Cancelled` if the node has stopped.
    pub async fn next(&mut self) -> Result<Progress, CallError> {
        while let Some(delivery) = self.events.next().await {
            // What was missed is overtaken by what follows.
            if let Delivery::Event(event) = delivery
                && let Ok(progress) = serde_json::from_slice(&event.payload)
            {
                return Ok(progress);
            }
        }
        Err(CallError::Cancelled)
    }
}
