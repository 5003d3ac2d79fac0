//! Progress of a running task: what is written to its record now and then, and what is finer, by event, for clients that
//! asked for it with a progress token (contract T11).

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::sync::Notify;

use super::tasks::Tasks;
use crate::event::{Keep, ReadFrom};
use crate::ids::TaskId;
use crate::operation::{CallError, ProgressFeed};
use crate::task::{Progress, TaskState};

/// Progress is worth reading while it is fresh.
const KEEP: Keep = Keep::new(32, Duration::from_secs(60));

/// Publishes progress. May be lost.
async fn publish(tasks: &Tasks, id: &TaskId, progress: &Progress) {
    let Ok(event) = serde_json::to_vec(progress) else { return };
    if let Err(error) = tasks.node.bus.publish(&topic(id), vec![Bytes::from(event)], KEEP).await {
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
    pub(super) fn publish(&self, tasks: &Arc<Tasks>, id: &TaskId) {
        let Some(latest) = self.unpublished.as_ref().and_then(|slot| slot.latest.lock().take()) else { return };
        let (tasks, id) = (tasks.clone(), id.clone());
        tokio::spawn(async move { publish(&tasks, &id, &latest).await });
    }
}

/// The feed of a task; `None` if its client did not ask for progress.
pub(super) async fn feed(tasks: &Tasks, id: &TaskId, state: TaskState) -> Result<Option<ProgressFeed>, CallError> {
    let Some(token) = state.progress_token else { return Ok(None) };
    let events = tasks.node.bus.subscribe(&topic(id), ReadFrom::Tail).await?;
    Ok(Some(ProgressFeed::new(token, events)))
}
