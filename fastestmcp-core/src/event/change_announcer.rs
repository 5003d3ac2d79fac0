use std::sync::Arc;

use tokio_util::task::TaskTracker;

use super::pending::Pending;
use super::{Changes, List};
use crate::session::Scope;

/// Changes that may wait to be announced; what comes on top is lost, as what only informs may be (contract R9).
const MOST: usize = 10_000;

/// Announces changes in the background, one after the other: nobody waits for it, and however many handlers say that a
/// resource has changed, while one announcement is under way it waits once.
pub(crate) struct ChangeAnnouncer {
    changes: Changes,
    background: TaskTracker,
    pending: Pending<Change>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Change {
    List(List),
    /// For one session or principal.
    ListFor(Scope, List),
    Resource(String),
}

impl ChangeAnnouncer {
    pub(crate) fn new(changes: Changes, background: TaskTracker) -> Arc<Self> {
        Arc::new(Self { changes, background, pending: Pending::new() })
    }

    pub(crate) fn announce(self: &Arc<Self>, change: Change) {
        if self.pending.put([change], MOST) {
            let announcer = self.clone();
            self.background.spawn(async move { announcer.send().await });
        }
    }

    async fn send(&self) {
        let sender = self.pending.sender();
        while let Some(changes) = sender.next() {
            for change in changes {
                let told = match &change {
                    Change::List(list) => self.changes.list_changed(*list).await,
                    Change::ListFor(whom, list) => self.changes.list_changed_for(whom, *list).await,
                    Change::Resource(uri) => self.changes.resource_updated(uri).await,
                };
                if let Err(error) = told {
                    tracing::debug!(%error, "nobody hears of a change");
                }
            }
        }
    }
}
