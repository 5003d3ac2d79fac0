use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::watch;

use crate::ids::TaskId;
use crate::session::Version;

/// Who on this node waits for which task. A waiter that gives up leaves nothing behind (contract T12).
#[derive(Default)]
pub(crate) struct TaskHub(Mutex<HashMap<TaskId, Watched>>);

struct Watched {
    waiters: usize,
    /// The version that the poll last saw; bumps count up the channel.
    polled: Option<Version>,
    changed: watch::Sender<u64>,
}

impl TaskHub {
    /// From now on the subscription sees every change of the task, at the latest a second after it.
    pub(crate) fn subscribe(self: &Arc<Self>, id: &TaskId) -> Subscription {
        let mut watched = self.0.lock();
        let entry = watched.entry(id.clone()).or_insert_with(|| Watched {
            waiters: 0,
            polled: None,
            changed: watch::Sender::new(0),
        });
        entry.waiters += 1;
        Subscription { hub: self.clone(), id: id.clone(), changed: entry.changed.subscribe() }
    }

    pub(crate) fn bump(&self, id: &TaskId) {
        if let Some(entry) = self.0.lock().get(id) {
            entry.changed.send_modify(|count| *count += 1);
        }
    }

    pub(crate) fn bump_all(&self) {
        for entry in self.0.lock().values() {
            entry.changed.send_modify(|count| *count += 1);
        }
    }

    pub(crate) fn watched(&self) -> Vec<TaskId> {
        self.0.lock().keys().cloned().collect()
    }

    /// What a poll found: wakes the waiters of a task whose version is not the one polled before, or that is gone.
    pub(crate) fn polled(&self, id: &TaskId, version: Option<Version>) {
        if let Some(entry) = self.0.lock().get_mut(id)
            && (version.is_none() || entry.polled != version)
        {
            entry.polled = version;
            entry.changed.send_modify(|count| *count += 1);
        }
    }
}

/// One waiter for one task.
pub(crate) struct Subscription {
    hub: Arc<TaskHub>,
    id: TaskId,
    changed: watch::Receiver<u64>,
}

impl Subscription {
    /// Resolves when the task may have changed since the last call.
    pub(crate) async fn changed(&mut self) {
        if self.changed.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        let mut watched = self.hub.0.lock();
        if let Some(entry) = watched.get_mut(&self.id) {
            entry.waiters -= 1;
            if entry.waiters == 0 {
                watched.remove(&self.id);
            }
        }
    }
}
