use std::sync::Arc;

use futures_util::stream;
use http::Response;

use super::event::{self, COMMENT, EventId};
use super::keep_alive;
use crate::body::ResponseBody;
use crate::exchanges::OpenStream;
use crate::node::Node;
use crate::outbox::{Message, Reading};
use crate::session::Session;

/// What a POST is answered with, as its own client reads it.
pub(crate) struct Posted {
    node: Arc<Node>,
    reading: Reading,
    first: Option<Message>,
    is_to_be_primed: bool,
    exchange: u64,
    _open: OpenStream,
}

impl Posted {
    pub(crate) fn new(node: Arc<Node>, session: &Session, reading: Reading, first: Option<Message>) -> Self {
        let exchange = reading.0.exchange();
        let _open = node.exchanges.open_stream(session.digest_shared());
        Self { node, reading, first, is_to_be_primed: session.primes(), exchange, _open }
    }

    fn id(&self, number: u64, is_last: bool) -> EventId {
        EventId::Posted { node: self.node.name.clone(), exchange: self.exchange, number, is_last }
    }
}

pub(crate) fn posted(posted: Posted) -> Response<ResponseBody> {
    event::response(stream::unfold(Some(posted), async |state| {
        let mut state = state?;
        if std::mem::take(&mut state.is_to_be_primed) {
            return Some((event::priming(&state.id(0, false)), Some(state)));
        }
        let message = match state.first.take() {
            Some(first) => first,
            None => tokio::select! {
                biased;
                message = state.reading.0.next() => message?,
                () = state.node.streams.cancelled() => return None,
                () = keep_alive(&state.node) => return Some((COMMENT, Some(state))),
            },
        };
        if message.data.is_empty() {
            return None;
        }
        let chunk = event::message(Some(&state.id(message.number, message.is_last)), &message.data);
        Some((chunk, (!message.is_last).then_some(state)))
    }))
}
