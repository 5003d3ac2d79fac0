//! Progress of a running task: what is written to its record now and then, and what is finer, by event, for clients that
//! asked for it with a progress token (contract T11).

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use parking_lot::Mutex;
use serde_json::Value;
use tokio::sync::Notify;

use crate::event::{Delivery, EventSubscription, Keep, ReadFrom};
use crate::ids::TaskId;
use crate::runtime::error::CallError;
use crate::runtime::shared::Shared;
use crate::task::{Progress, TaskSpec};

/// The `_meta` key by which a client asks for progress.
const TOKEN: &str = "progressToken";
/// Progress is worth reading while it is fresh.
const KEEP: Keep = Keep::new(32, Duration::from_secs(60));

/// Whether the client of a task asked for its progress.
pub(super) fn wanted(spec: &TaskSpec) -> bool {
    spec.meta.contains_key(TOKEN)
}

/// Publishes progress. May be lost.
async fn publish(shared: &Shared, id: &TaskId, progress: &Progress) {
    let Ok(event) = serde_json::to_vec(progress) else { return };
    if let Err(error) = shared.bus.publish(&topic(id), vec![Bytes::from(event)], KEEP).await {
        tracing::debug!(task = %id.short(), %error, "progress was not published");
    }
}

fn topic(id: &TaskId) -> String {
    format!("progress/{id}")
}

/// What a handler has said and nobody has passed on yet. Only the latest counts.
pub(super) struct PendingProgress {
    /// Not yet written.
    unwritten: Slot,
    /// Not yet published; only if the client asked for it.
    unpublished: Option<Slot>,
}

#[derive(Default)]
struct Slot {
    latest: Mutex<Option<Progress>>,
    filled: Notify,
}

impl Slot {
    fn fill(&self, progress: Progress) {
        *self.latest.lock() = Some(progress);
        self.filled.notify_one();
    }

    async fn filled(&self) {
        while self.latest.lock().is_none() {
            self.filled.notified().await;
        }
    }
}

impl PendingProgress {
    pub(super) fn new(publishes: bool) -> Self {
        Self { unwritten: Slot::default(), unpublished: publishes.then(Slot::default) }
    }

    pub(super) fn note(&self, progress: Progress) {
        if let Some(unpublished) = &self.unpublished {
            unpublished.fill(progress.clone());
        }
        self.unwritten.fill(progress);
    }

    /// Resolves when there is progress to write.
    pub(super) async fn to_write(&self) {
        self.unwritten.filled().await;
    }

    /// What is to be written.
    pub(super) fn latest(&self) -> Option<Progress> {
        self.unwritten.latest.lock().clone()
    }

    /// Forgets what has been written, unless the handler has said something new meanwhile.
    pub(super) fn written(&self, progress: Option<&Progress>) {
        let mut latest = self.unwritten.latest.lock();
        if latest.as_ref() == progress {
            *latest = None;
        }
    }

    /// Resolves when there is progress to publish.
    pub(super) async fn to_publish(&self) {
        match &self.unpublished {
            Some(unpublished) => unpublished.filled().await,
            None => std::future::pending().await,
        }
    }

    /// Publishes the latest progress of a task, in the background; there is nothing to wait for.
    pub(super) fn publish(&self, shared: &Arc<Shared>, id: &TaskId) {
        let Some(latest) = self.unpublished.as_ref().and_then(|slot| slot.latest.lock().take()) else { return };
        let (shared, id) = (shared.clone(), id.clone());
        tokio::spawn(async move { publish(&shared, &id, &latest).await });
    }
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
