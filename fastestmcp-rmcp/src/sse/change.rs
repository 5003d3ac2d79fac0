use bytes::Bytes;
use fastestmcp_core::event::{Delivery, EventSubscription, List};
use futures_util::stream::BoxStream;
use futures_util::{Stream, StreamExt, stream};
use rmcp::model::{ServerJsonRpcMessage, ServerNotification};

use crate::notification::{list_changed, resource_updated};

/// News for many sessions.
pub(super) enum Change {
    /// As the client is told it.
    Message(Bytes),
    /// Some of it was lost.
    Lagged,
}

/// What the server itself has to tell.
pub(super) fn news(news: BoxStream<'static, ServerNotification>) -> impl Stream<Item = Change> + Send {
    news.map(|notification| Change::Message(encode(notification)))
}

/// Changed lists.
pub(super) fn lists(events: EventSubscription) -> impl Stream<Item = Change> + Send {
    changes(events, |payload| List::of(payload).map(list_changed))
}

/// Changes of a resource.
pub(super) fn updates(events: EventSubscription, uri: String) -> impl Stream<Item = Change> + Send {
    changes(events, move |_| Some(resource_updated(&uri)))
}

fn changes(
    events: EventSubscription,
    notification: impl Fn(&[u8]) -> Option<ServerNotification> + Send,
) -> impl Stream<Item = Change> + Send {
    stream::unfold((events, notification), async |(mut events, notification)| {
        loop {
            let change = match events.next().await? {
                Delivery::Event(event) => match notification(&event.payload).map(encode) {
                    Some(message) => Change::Message(message),
                    None => continue,
                },
                Delivery::Lagged => Change::Lagged,
                // The newest is still there, and says all there is to say.
                Delivery::Gap => continue,
            };
            return Some((change, (events, notification)));
        }
    })
}

pub(super) fn encode(notification: ServerNotification) -> Bytes {
    serde_json::to_vec(&ServerJsonRpcMessage::notification(notification)).unwrap_or_default().into()
}
