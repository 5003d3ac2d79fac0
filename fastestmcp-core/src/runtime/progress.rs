//! Progress finer than the record keeps, by event, for clients that asked for it with a progress token (contract T11).

use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;

use super::error::CallError;
use super::shared::Shared;
use crate::event::{Delivery, EventSubscription, Keep, ReadFrom};
use crate::ids::TaskId;
use crate::task::{Progress, TaskSpec};

/// The `_meta` key by which a client asks for progress.
const TOKEN: &str = "progressToken";
/// Progress is worth reading while it is fresh.
const KEEP: Keep = Keep { count: 32, age: Duration::from_secs(60) };

/// Whether the client of a task asked for its progress.
pub(super) fn wanted(spec: &TaskSpec) -> bool {
    spec.meta.contains_key(TOKEN)
}

/// Publishes progress. May be lost.
pub(super) async fn publish(shared: &Shared, id: &TaskId, progress: &Progress) {
    let Ok(event) = serde_json::to_vec(progress) else { return };
    if let Err(error) = shared.bus.publish(&topic(id), vec![Bytes::from(event)], KEEP).await {
        tracing::debug!(task = %id, %error, "progress was not published");
    }
}

fn topic(id: &TaskId) -> String {
    format!("progress/{id}")
}

/// The progress of one task from now on, wherever it runs.
#[derive(Debug)]
pub struct ProgressFeed {
    token: Value,
    events: EventSubscription,
}

impl ProgressFeed {
    /// The feed of a task; `None` if its client did not ask for progress.
    pub(super) async fn new(shared: &Shared, id: &TaskId, spec: &TaskSpec) -> Result<Option<Self>, CallError> {
        let Some(token) = spec.meta.get(TOKEN).cloned() else { return Ok(None) };
        let events = shared.bus.subscribe(&topic(id), ReadFrom::Tail).await?;
        Ok(Some(Self { token, events }))
    }

    /// The token under which the client asked for it.
    pub const fn token(&self) -> &Value {
        &self.token
    }

    /// The next progress. It never ends by itself: stop when the task has ended.
    ///
    /// # Errors
    /// The store failed.
    pub async fn next(&mut self) -> Result<Progress, CallError> {
        loop {
            // What was missed is overtaken by what follows.
            if let Delivery::Event(event) = self.events.next().await?
                && let Ok(progress) = serde_json::from_slice(&event.payload)
            {
                return Ok(progress);
            }
        }
    }
}
