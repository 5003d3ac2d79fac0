//! The one stream of wake-ups of this node, and the poll that makes up for lost ones (contract E3, T12).

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;

use super::tasks::Tasks;
use crate::error::{StoreErrorKind, StoreResult};
use crate::event::Wake;
use crate::ids::TaskId;
use crate::principal::OwnerFilter;
use crate::task::Part;
use crate::time::backoff;

/// How long a lost wake-up may delay a waiter (contract T12).
const POLL: Duration = Duration::from_secs(1);
const TASK: &str = "task/";
const QUEUE: &str = "queue/";
const SESSION: &str = "tasks-of/";

pub(super) fn task_channel(id: &TaskId) -> String {
    format!("{TASK}{id}")
}

pub(super) fn queue_channel(queue: &str) -> String {
    format!("{QUEUE}{queue}")
}

pub(super) fn session_channel(session: &str, id: &TaskId) -> String {
    // A digest has no slash.
    format!("{SESSION}{session}/{id}")
}

/// Passes wake-ups on until everything has ended.
pub(super) async fn listen(tasks: Arc<Tasks>) {
    let mut attempt = 0;
    loop {
        match tasks.node.stores.events.listen().await {
            Ok(mut wakes) => {
                attempt = 0;
                // Whatever was woken before the stream began was missed.
                deliver(&tasks, &Wake::Reset);
                loop {
                    tokio::select! {
                        wake = wakes.next() => match wake {
                            Some(wake) => deliver(&tasks, &wake),
                            None => break,
                        },
                        () = tasks.node.stopped.cancelled() => return,
                    }
                }
            }
            Err(error) => {
                tasks.node.health.failed(&error);
                tracing::debug!(%error, "cannot listen for wake-ups");
            }
        }
        attempt += 1;
        tokio::select! {
            () = tokio::time::sleep(backoff(Duration::from_millis(50), attempt, Duration::from_secs(2))) => {}
            () = tasks.node.stopped.cancelled() => return,
        }
    }
}

fn deliver(tasks: &Tasks, wake: &Wake) {
    match wake {
        Wake::Reset => {
            tasks.node.bus.reset();
            tasks.hub.bump_all();
            tasks.running.nudge_all();
            tasks.work.notify_one();
        }
        Wake::Channel(channel) => {
            if let Some(id) = channel.strip_prefix(TASK) {
                let id = TaskId::new(id);
                tasks.hub.bump(&id);
                tasks.running.nudge(&id);
            } else if let Some(queue) = channel.strip_prefix(QUEUE) {
                if tasks.node.queues.iter().any(|known| known == queue) {
                    tasks.work.notify_one();
                }
            } else if let Some((session, id)) = channel.strip_prefix(SESSION).and_then(|rest| rest.split_once('/')) {
                tasks.of_sessions.changed(session, &TaskId::new(id));
            } else {
                tasks.node.bus.woken(channel);
            }
        }
    }
}

/// Looks once a second at the heads of all tasks that somebody waits for, in batches.
pub(super) async fn poll(tasks: Arc<Tasks>) {
    let batch = tasks.node.stores.tasks.guarantees().limits.max_batch.max(1);
    loop {
        tokio::select! {
            () = tokio::time::sleep(POLL) => {}
            () = tasks.node.stopped.cancelled() => return,
        }
        for ids in tasks.hub.watched().chunks(batch) {
            match look(&tasks, ids).await {
                // One damaged record must not cost the waiters of the others (contract G16).
                Err(error) if error.kind == StoreErrorKind::Corrupt => {
                    for id in ids {
                        if let Err(error) = look(&tasks, std::slice::from_ref(id)).await {
                            tracing::debug!(task = %id.short(), %error, "could not look at an awaited task");
                            // Whoever waits for it is told when it reads it.
                            tasks.hub.bump(id);
                        }
                    }
                }
                Err(error) => tracing::debug!(%error, "could not look at awaited tasks"),
                Ok(()) => {}
            }
        }
    }
}

async fn look(tasks: &Tasks, ids: &[TaskId]) -> StoreResult<()> {
    let answer = tasks.node.stores.tasks.get(ids, &OwnerFilter::Any, Part::Head).await?;
    tasks.node.observe(answer.now);
    for (id, record) in ids.iter().zip(answer.value) {
        tasks.hub.polled(id, record.map(|record| record.head.version));
    }
    Ok(())
}
