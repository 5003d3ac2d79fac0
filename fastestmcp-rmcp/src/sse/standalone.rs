use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use fastestmcp_core::error::StoreResult;
use fastestmcp_core::event::{Delivery, EventSubscription, Offset, ReadFrom};
use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream, SelectAll};
use http::Response;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::change::{self, Change};
use super::event::{self, COMMENT, EventId};
use super::{Room, keep_alive};
use crate::body::ResponseBody;
use crate::exchanges::OpenStream;
use crate::node::Node;
use crate::notification::list_changed;
use crate::session::Session;
use crate::topic::{self, Entry};

/// The session's own stream. The newest reader wins: opening writes an entry, and a reader that sees a later one than its
/// own ends, so that the order of the log decides (contract A6).
///
/// Beside it are read what concerns many sessions: changed lists, and the resources that this one is subscribed to. Such
/// events have no id: who comes back is told anew.
struct Standalone {
    node: Arc<Node>,
    session: Session,
    events: EventSubscription,
    changes: SelectAll<BoxStream<'static, Change>>,
    /// By the URIs of resources.
    subscribed: HashMap<String, DropGuard>,
    /// Where to begin to read what is shared.
    from: ReadFrom,
    me: String,
    is_opened: bool,
    _open: OpenStream,
    _room: Room,
}

pub(super) async fn open(
    node: Arc<Node>,
    session: Session,
    room: Room,
    from: ReadFrom,
) -> StoreResult<Response<ResponseBody>> {
    let events = node.runtime.events().subscribe(&topic::session(session.digest()), from).await?;
    // Who comes back is told of what changed lately, whether or not it has heard of it.
    let from = if from == ReadFrom::Tail { from } else { ReadFrom::After(Offset(0)) };
    let lists = node.runtime.changes().lists(from).await?;
    let open = node.exchanges.open_stream(session.digest_shared());
    let me = format!("{}.{:x}", node.name, node.exchanges.number());
    let mut changes = SelectAll::new();
    changes.push(change::lists(lists).boxed());
    changes.push(change::news(node.wire.news(&session)).boxed());
    let mut standalone = Standalone {
        node,
        session,
        events,
        changes,
        subscribed: HashMap::new(),
        from,
        me,
        is_opened: false,
        _open: open,
        _room: room,
    };
    standalone.follow_subscriptions().await?;
    let entry = Entry::Reader(standalone.me.clone());
    standalone.node.append(standalone.session.digest(), entry).await?;
    Ok(event::response(stream::unfold(standalone, async |state| state.step().await)))
}

impl Standalone {
    /// Reads the topics of what the session is subscribed to now, and no others.
    async fn follow_subscriptions(&mut self) -> StoreResult<()> {
        let uris = self.node.runtime.sessions().subscriptions(self.session.digest()).await?;
        self.subscribed.retain(|uri, _| uris.contains(uri));
        let new: Vec<_> = uris.into_iter().filter(|uri| !self.subscribed.contains_key(uri)).collect();
        let subscriptions = self.node.runtime.changes().resources(&new, self.from).await?;
        for (uri, events) in new.into_iter().zip(subscriptions) {
            let ended = CancellationToken::new();
            let updates = change::updates(events, uri.clone()).take_until(ended.clone().cancelled_owned());
            self.changes.push(updates.boxed());
            self.subscribed.insert(uri, ended.drop_guard());
        }
        // What is subscribed to from now on is news from now on.
        self.from = ReadFrom::Tail;
        Ok(())
    }

    async fn step(mut self) -> Option<(Bytes, Self)> {
        loop {
            let delivery = tokio::select! {
                biased;
                () = self.node.streams.cancelled() => return None,
                delivery = self.events.next() => delivery?,
                Some(change) = self.changes.next(), if self.is_opened => match change {
                    Change::Message(data) => return Some((event::message(None, &data), self)),
                    // It comes back, and is told anew.
                    Change::Lagged => return None,
                },
                () = keep_alive(&self.node) => return Some((COMMENT, self)),
            };
            let event = match delivery {
                Delivery::Event(event) => event,
                Delivery::Gap => continue,
                // It comes back, and goes on after what it has.
                Delivery::Lagged => return None,
            };
            let id = EventId::Standalone(event.offset.0);
            match Entry::decode(&event.payload) {
                Some(Entry::Message(data)) => return Some((event::message(Some(&id), &data), self)),
                Some(Entry::List(list)) => {
                    let data = change::encode(list_changed(list));
                    return Some((event::message(Some(&id), &data), self));
                }
                Some(Entry::End) => return None,
                Some(Entry::Reader(name)) if name == self.me => {
                    self.is_opened = true;
                    let chunk = if self.session.primes() { event::priming(&id) } else { COMMENT };
                    return Some((chunk, self));
                }
                Some(Entry::Reader(_)) if self.is_opened => return None,
                Some(Entry::Subscriptions) if self.is_opened => {
                    if let Err(error) = self.follow_subscriptions().await {
                        // It comes back, and looks again.
                        tracing::debug!(%error, "subscriptions cannot be read");
                        return None;
                    }
                }
                Some(Entry::Reader(_) | Entry::Subscriptions) | None => {}
            }
        }
    }
}
