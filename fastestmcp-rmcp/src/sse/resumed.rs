use std::sync::Arc;

use bytes::Bytes;
use fastestmcp_core::error::StoreResult;
use fastestmcp_core::event::{Delivery, EventSubscription, Offset, ReadFrom};
use futures_util::stream;
use http::Response;
use tokio::time::{Instant, timeout};

use super::event::{self, COMMENT, EventId};
use super::{ASK_EVERY, Room, SILENT, SILENT_AT_FIRST, keep_alive};
use crate::body::ResponseBody;
use crate::exchanges::OpenStream;
use crate::node::{Node, Relay};
use crate::outbox::Message;
use crate::session::Session;
use crate::topic;

/// A POST's stream, read from the log.
struct Resumed {
    node: Arc<Node>,
    session: Session,
    events: EventSubscription,
    owner: String,
    exchange: u64,
    /// The number of the last message that the client has.
    after: u64,
    heard: Instant,
    asked: Instant,
    first: Option<Message>,
    _open: OpenStream,
    _room: Room,
}

/// `None` if nobody has the stream: its client is told so before it gets any.
pub(super) async fn open(
    node: Arc<Node>,
    session: Session,
    room: Room,
    owner: String,
    exchange: u64,
    after: u64,
) -> StoreResult<Option<Response<ResponseBody>>> {
    let topic = topic::stream(session.digest(), &owner, exchange);
    let events = node.runtime.events().subscribe(&topic, ReadFrom::After(Offset(0))).await?;
    let open = node.exchanges.open_stream(session.digest_shared());
    let now = Instant::now();
    let mut resumed = Resumed {
        node,
        session,
        events,
        owner,
        exchange,
        after,
        heard: now,
        asked: now,
        first: None,
        _open: open,
        _room: room,
    };
    resumed.ask().await?;
    // What the log has already shows nothing of whether its node still lives.
    resumed.first = timeout(SILENT_AT_FIRST, next(&mut resumed.events)).await.ok().flatten();
    if resumed.first.as_ref().is_none_or(Message::is_nobody) {
        return Ok(None);
    }
    Ok(Some(event::response(stream::unfold(Some(resumed), async |state| state?.step().await))))
}

impl Resumed {
    /// Has the node that carries it out write it to the log.
    async fn ask(&mut self) -> StoreResult<()> {
        self.asked = Instant::now();
        let session = self.session.digest().to_owned();
        self.node.tell(&self.owner, &Relay::Resume { session, exchange: self.exchange }).await
    }

    async fn step(mut self) -> Option<(Bytes, Option<Self>)> {
        loop {
            let message = match self.first.take() {
                Some(first) => first,
                None => tokio::select! {
                    biased;
                    message = next(&mut self.events) => message?,
                    () = self.node.streams.cancelled() => return None,
                    () = tokio::time::sleep_until(self.asked + ASK_EVERY) => {
                        if self.heard.elapsed() > SILENT {
                            return None;
                        }
                        // Repeated soon enough if it fails.
                        let _ = self.ask().await;
                        continue;
                    }
                    () = keep_alive(&self.node) => return Some((COMMENT, Some(self))),
                },
            };
            self.heard = Instant::now();
            if message.is_last && (message.data.is_empty() || message.number <= self.after) {
                return None;
            }
            if message.number > self.after {
                self.after = message.number;
                let (node, exchange) = (self.owner.clone(), self.exchange);
                let id = EventId::Posted { node, exchange, number: message.number, is_last: message.is_last };
                let chunk = event::message(Some(&id), &message.data);
                return Some((chunk, (!message.is_last).then_some(self)));
            }
        }
    }
}

/// The next message that the log has. Cancel safe.
async fn next(events: &mut EventSubscription) -> Option<Message> {
    loop {
        match events.next().await? {
            Delivery::Event(event) => {
                if let Some(message) = Message::decode(&event.payload) {
                    return Some(message);
                }
            }
            // What was lost is lost; the answer is the newest, and stays.
            Delivery::Gap => {}
            // It comes back, and goes on after what it has.
            Delivery::Lagged => return None,
        }
    }
}
