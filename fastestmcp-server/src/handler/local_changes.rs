use std::collections::HashMap;
use std::time::Duration;

use fastestmcp_core::event::{Changes, Delivery, EventSubscription, List, ReadFrom};
use fastestmcp_core::session::Scope;
use fastestmcp_core::visibility::HOLDS_WITHIN;
use fastestmcp_rmcp::{list_changed, resource_updated};
use parking_lot::Mutex;
use rmcp::model::{ErrorData, ServerNotification};
use rmcp::service::{Peer, RoleServer};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::telemetry::TARGET;
use crate::wire::errors;

/// Resources that one client may be subscribed to over stdio.
const MOST: usize = 1_000;

/// What the one client of a connection over stdio hears of, as long as that is there.
#[derive(Debug, Default)]
pub(super) struct LocalChanges {
    resources: Mutex<HashMap<String, DropGuard>>,
    lists: Mutex<Vec<DropGuard>>,
}

impl LocalChanges {
    /// # Errors
    /// There are as many as may be, or the store failed.
    pub(super) async fn subscribe(
        &self,
        news: &Changes,
        uri: String,
        client: Peer<RoleServer>,
    ) -> Result<(), ErrorData> {
        {
            let resources = self.resources.lock();
            if resources.contains_key(&uri) {
                return Ok(());
            }
            if resources.len() >= MOST {
                return Err(errors::invalid_params("too many subscriptions"));
            }
        }
        let events = news.resource(&uri, ReadFrom::Tail).await.map_err(|error| errors::internal(&error))?;
        let watched = uri.clone();
        let told = follow(events, client, Duration::ZERO, move |_| vec![resource_updated(&watched)]);
        self.resources.lock().insert(uri, told);
        Ok(())
    }

    pub(super) fn unsubscribe(&self, uri: &str) {
        self.resources.lock().remove(uri);
    }

    /// From now on the client hears of changed lists.
    pub(super) async fn follow_lists(&self, news: &Changes, whom: &Scope, client: &Peer<RoleServer>) {
        match news.lists_for(whom, ReadFrom::Tail).await {
            Ok(events) => {
                let told = |payload: Option<&[u8]>| match payload {
                    Some(payload) => List::of(payload).map(list_changed).into_iter().collect(),
                    None => List::ALL.map(list_changed).into(),
                };
                // What is this caller's alone is told once every process shows it.
                let [of_all, of_it] = events;
                let told = [(of_all, Duration::ZERO), (of_it, HOLDS_WITHIN)]
                    .map(|(events, after)| follow(events, client.clone(), after, told));
                *self.lists.lock() = told.into();
            }
            Err(error) => tracing::debug!(target: TARGET, %error, "the client does not hear of changed lists"),
        }
    }
}

/// Tells a client what events come to, after a while, `None` where some were lost, until the guard is dropped or the client has left.
fn follow(
    mut events: EventSubscription,
    client: Peer<RoleServer>,
    after: Duration,
    told: impl Fn(Option<&[u8]>) -> Vec<ServerNotification> + Send + Sync + 'static,
) -> DropGuard {
    let ended = CancellationToken::new();
    let guard = ended.clone().drop_guard();
    tokio::spawn(ended.run_until_cancelled_owned(async move {
        while let Some(delivery) = events.next().await {
            let notifications = match &delivery {
                Delivery::Event(event) => told(Some(&event.payload)),
                Delivery::Gap | Delivery::Lagged => told(None),
            };
            tokio::time::sleep(after).await;
            for notification in notifications {
                if client.send_notification(notification).await.is_err() {
                    return;
                }
            }
        }
    }));
    guard
}
