//! What a subscription is told, stream by stream.

use fastestmcp_core::event::{Delivery, EventSubscription, List};
use fastestmcp_core::operation::TaskWatch;
use fastestmcp_core::visibility::HOLDS_WITHIN;
use fastestmcp_rmcp::{list_changed, resource_updated};
use futures_util::{Stream, StreamExt, stream};
use rmcp::model::{ServerNotification, TaskStatusNotification, TaskStatusNotificationParams};

use crate::era2026::view;
use crate::telemetry::{Refused, TARGET};

/// Changes of some lists. Where events were lost, all of them may have changed.
pub(super) fn lists(events: EventSubscription, honoured: Vec<List>) -> impl Stream<Item = ServerNotification> + Send {
    deliveries(events).flat_map(move |delivery| {
        let changed = match &delivery {
            Delivery::Event(event) => {
                List::of(&event.payload).filter(|list| honoured.contains(list)).into_iter().collect()
            }
            Delivery::Gap | Delivery::Lagged => honoured.clone(),
        };
        stream::iter(changed.into_iter().map(list_changed).collect::<Vec<_>>())
    })
}

/// Changes of the lists of one caller, told once every node shows them: the client may ask any. Those that come together
/// wait together.
pub(super) fn lists_of_one(
    events: EventSubscription,
    honoured: Vec<List>,
) -> impl Stream<Item = ServerNotification> + Send {
    let together = lists(events, honoured).ready_chunks(List::ALL.len()).then(async |changed| {
        tokio::time::sleep(HOLDS_WITHIN).await;
        stream::iter(changed)
    });
    together.flatten()
}

/// Changes of a resource.
pub(super) fn resource(events: EventSubscription, uri: String) -> impl Stream<Item = ServerNotification> + Send {
    deliveries(events).map(move |_| resource_updated(&uri))
}

fn deliveries(events: EventSubscription) -> impl Stream<Item = Delivery> + Send {
    stream::unfold(events, async |mut events| Some((events.next().await?, events)))
}

/// The state of a task now, then each change, until the last.
pub(super) fn task(watch: TaskWatch) -> impl Stream<Item = ServerNotification> + Send {
    enum At {
        First(TaskWatch),
        Later(TaskWatch),
    }
    let states = stream::unfold(Some(At::First(watch)), async |at| {
        let watch = match at? {
            At::First(watch) => watch,
            At::Later(mut watch) => {
                if let Err(error) = watch.changed().await {
                    // It has expired, or is damaged: there is nothing more to say about it.
                    tracing::debug!(target: TARGET, error = %Refused(&error), "a followed task is gone");
                    return None;
                }
                watch
            }
        };
        let state = view::detailed(watch.view());
        let next = (!watch.view().status.is_terminal()).then_some(At::Later(watch));
        Some((state, next))
    });
    // A state that cannot be shown costs neither the next one nor other tasks.
    states.filter_map(async |state| {
        let status = TaskStatusNotification::new(TaskStatusNotificationParams::new(state.ok()?));
        Some(ServerNotification::TaskStatusNotification(status))
    })
}
