use std::sync::{Arc, Weak};
use std::time::Duration;

use bytes::Bytes;
use fastestmcp_core::error::StoreResult;
use fastestmcp_core::event::{Delivery, EventBus, Offset, ReadFrom};
use rmcp::model::{ClientJsonRpcMessage, RequestId};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use super::Node;
use crate::outbox::Message;
use crate::place::Place;
use crate::session::Session;
use crate::topic::{self, Entry};

/// How long the log is left alone when it does not answer.
const PAUSE: Duration = Duration::from_secs(1);

/// What one node tells another, or all of them. Sessions are named by their digests.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Relay {
    /// What the client said to a drive: a reply to its request, or progress on one.
    Message { session: String, exchange: u64, message: Box<RawValue> },
    /// Somebody reads a POST stream from the log from now on.
    Resume { session: String, exchange: u64 },
    /// The client cancels a request.
    Cancel { session: String, request: RequestId },
    /// The session has ended.
    End { session: String },
}

impl Node {
    /// Tells one node.
    ///
    /// # Errors
    /// As `EventLog::append`.
    pub(crate) async fn tell(&self, node: &str, relay: &Relay) -> StoreResult<()> {
        self.publish(&topic::node(node), encode(relay), topic::KEEP_RELAY).await
    }

    async fn tell_all(&self, relay: &Relay) -> StoreResult<()> {
        self.publish(topic::RELAYS, encode(relay), topic::KEEP_RELAY).await
    }

    /// Brings what the client said to where it is waited for.
    ///
    /// # Errors
    /// It is waited for on another node, which could not be told.
    pub(crate) async fn deliver(&self, session: &Session, place: Place, message: Box<RawValue>) -> StoreResult<()> {
        if place.node == self.name {
            self.deliver_here(session.digest(), place.exchange, &message);
            return Ok(());
        }
        let session = session.digest().to_owned();
        self.tell(&place.node, &Relay::Message { session, exchange: place.exchange, message }).await
    }

    /// Cancels a request of a session, wherever it runs.
    ///
    /// # Errors
    /// It does not run here, and the others could not be told.
    pub(crate) async fn cancel(&self, session: &Session, request: RequestId) -> StoreResult<()> {
        if let Some(exchange) = self.exchanges.running(session.digest_shared(), &request) {
            exchange.cancel();
            return Ok(());
        }
        self.tell_all(&Relay::Cancel { session: session.digest().to_owned(), request }).await
    }

    /// Ends what a session, named by its digest, that is gone has left on any node: calls and streams. Its stream is told
    /// first: that is read within a second whatever becomes of this node.
    ///
    /// # Errors
    /// As `EventLog::append`.
    pub(crate) async fn end_everywhere(&self, session: &str) -> StoreResult<()> {
        self.end_here(session);
        self.append(session, Entry::End).await?;
        self.tell_all(&Relay::End { session: session.to_owned() }).await
    }

    fn end_here(&self, session: &str) {
        self.exchanges.of(session).iter().for_each(|exchange| exchange.cancel());
    }

    async fn take(&self, payload: &[u8]) {
        let Ok(relay) = serde_json::from_slice::<Relay>(payload) else {
            tracing::debug!("another node said what this one does not know");
            return;
        };
        match relay {
            Relay::Message { session, exchange, message } => self.deliver_here(&session, exchange, &message),
            Relay::Cancel { session, request } => {
                self.exchanges.running(&session.into(), &request).iter().for_each(|exchange| exchange.cancel());
            }
            Relay::End { session } => self.end_here(&session),
            Relay::Resume { session, exchange } => {
                let outbox = self.exchanges.outbox(&session, exchange);
                outbox.iter().for_each(|outbox| outbox.resume());
                let reply = Message::reply(outbox.is_some()).encode();
                let topic = topic::stream(&session, &self.name, exchange);
                if let Err(error) = self.publish(&topic, reply, topic::KEEP_STREAM).await {
                    tracing::debug!(%error, "who resumes a stream is not told that it is here");
                }
            }
        }
    }

    fn deliver_here(&self, session: &str, exchange: u64, message: &RawValue) {
        let waiting = self.exchanges.get(session, exchange).zip(renumbered(message));
        match waiting {
            Some((exchange, message)) => exchange.deliver(message),
            None => tracing::debug!("a client replied to what nobody asks"),
        }
    }
}

/// Takes what others relay, as long as the node and its runtime are there.
pub(super) fn listen(node: &Arc<Node>) {
    // Nobody can have told this one anything before its name was known.
    let own = (topic::node(&node.name), ReadFrom::After(Offset(0)));
    for (topic, from) in [own, (topic::RELAYS.to_owned(), ReadFrom::Tail)] {
        tokio::spawn(follow(Arc::downgrade(node), node.runtime.events().clone(), topic, from));
    }
}

async fn follow(node: Weak<Node>, bus: EventBus, topic: String, from: ReadFrom) {
    let mut relays = loop {
        match bus.subscribe(&topic, from).await {
            Ok(relays) => break relays,
            Err(error) => tracing::debug!(%error, "what other nodes relay is not yet heard"),
        }
        if node.strong_count() == 0 {
            return;
        }
        tokio::time::sleep(PAUSE).await;
    };
    drop(bus);
    while let Some(delivery) = relays.next().await {
        let Some(node) = node.upgrade() else { return };
        match delivery {
            Delivery::Event(event) => node.take(&event.payload).await,
            Delivery::Gap | Delivery::Lagged => tracing::warn!("some of what other nodes relayed was missed"),
        }
    }
}

fn encode(relay: &Relay) -> Bytes {
    serde_json::to_vec(relay).unwrap_or_default().into()
}

/// The message as the drive's own rmcp knows it: with the numbers that it gave.
fn renumbered(message: &RawValue) -> Option<ClientJsonRpcMessage> {
    let mut message: Value = serde_json::from_str(message.get()).ok()?;
    let slot = match message.get("method") {
        None => message.get_mut("id")?,
        Some(_) => message.pointer_mut("/params/progressToken")?,
    };
    let place: Place = slot.as_str()?.parse().ok()?;
    *slot = place.number.into();
    serde_json::from_value(message).ok()
}
