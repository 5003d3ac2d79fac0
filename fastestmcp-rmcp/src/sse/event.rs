use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

use bytes::{BufMut, Bytes, BytesMut};
use futures_util::{Stream, StreamExt};
use http::{HeaderValue, Response, StatusCode, header};
use http_body::Frame;
use http_body_util::{BodyExt, Empty, StreamBody};

use crate::body::ResponseBody;
use crate::place::is_node;

/// When a client comes back whose stream was cut.
const RETRY_MS: u32 = 1000;

/// What the id of a last event ends with.
const LAST: &str = ".f";

/// A sign of life.
pub(super) const COMMENT: Bytes = Bytes::from_static(b": keep-alive\n\n");

/// The id of an event, which names its stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum EventId {
    /// Of the standalone stream: its offset in the log.
    Standalone(u64),
    /// Of a POST stream: its number there, from 1, and whether it is the last, so that nothing has to be asked to know it.
    Posted { node: String, exchange: u64, number: u64, is_last: bool },
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Standalone(offset) => write!(f, "g.{offset}"),
            Self::Posted { node, exchange, number, is_last } => {
                write!(f, "p.{node}.{exchange:x}.{number:x}{}", if *is_last { LAST } else { "" })
            }
        }
    }
}

/// A text that is the id of no event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NoEventId;

impl FromStr for EventId {
    type Err = NoEventId;

    fn from_str(text: &str) -> Result<Self, NoEventId> {
        // An offset beyond what a store can hold is none.
        let offset = |text: &str| text.parse().ok().filter(|offset: &u64| *offset < 1 << 53);
        let hex = |text: &str| u64::from_str_radix(text, 16).ok();
        let (text, is_last) = text.strip_suffix(LAST).map_or((text, false), |text| (text, true));
        match text.split('.').collect::<Vec<_>>()[..] {
            ["g", at] if !is_last => offset(at).map(Self::Standalone),
            ["p", node, exchange, number] if is_node(node) => hex(exchange)
                .zip(hex(number))
                .map(|(exchange, number)| Self::Posted { node: node.to_owned(), exchange, number, is_last }),
            _ => None,
        }
        .ok_or(NoEventId)
    }
}

/// An event that carries a message.
pub(super) fn message(id: Option<&EventId>, data: &[u8]) -> Bytes {
    let id = id.map(|id| format!("id: {id}\n")).unwrap_or_default();
    let mut event = BytesMut::with_capacity(id.len() + data.len() + 8);
    event.put_slice(id.as_bytes());
    event.put_slice(b"data: ");
    event.put_slice(data);
    event.put_slice(b"\n\n");
    event.freeze()
}

/// An event that gives the client an id to come back with, and says when.
pub(super) fn priming(id: &EventId) -> Bytes {
    format!("id: {id}\nretry: {RETRY_MS}\ndata:\n\n").into()
}

/// To a client that comes back although it has the last event: 204 tells it to stop. One that is given an empty stream
/// takes it for a standalone one that broke, and opens another beside its own.
pub(super) fn over() -> Response<ResponseBody> {
    let mut response = Response::new(Empty::new().boxed_unsync());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}

pub(super) fn response(chunks: impl Stream<Item = Bytes> + Send + 'static) -> Response<ResponseBody> {
    let frames = chunks.map(|chunk| Ok::<_, Infallible>(Frame::data(chunk)));
    let mut response = Response::new(StreamBody::new(frames).boxed_unsync());
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache, no-transform"));
    // Proxies that collect answers before they pass them on are told not to.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_names_its_stream_and_its_place_there() {
        let posted = |is_last| EventId::Posted { node: "n0den0den0".to_owned(), exchange: 0xfe, number: 17, is_last };
        for id in [EventId::Standalone(7), posted(false), posted(true)] {
            assert_eq!(id.to_string().parse(), Ok(id));
        }
        for text in [
            "",
            "7",
            "g",
            "g.",
            "g.x",
            "g.-1",
            "g.9007199254740992",
            "g.1.2",
            "p.n0den0den0.1",
            "p.n0den0den0.1.2.3",
            "p.n0den0den0.x.1",
            "p.a.1.2",
            "g.1.f",
            "p.n0den0den0.1.2.f.f",
        ] {
            assert_eq!(text.parse::<EventId>(), Err(NoEventId), "{text}");
        }
    }

    #[test]
    fn events_are_written_as_their_format_has_them() {
        assert_eq!(message(Some(&EventId::Standalone(7)), b"{}"), "id: g.7\ndata: {}\n\n");
        assert_eq!(message(None, b"{}"), "data: {}\n\n");
        assert_eq!(priming(&EventId::Standalone(7)), "id: g.7\nretry: 1000\ndata:\n\n");
    }
}
