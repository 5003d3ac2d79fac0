//! What is in the log: the stream of a session, a POST stream that nobody reads, and what nodes tell each other.

use std::time::Duration;

use bytes::Bytes;
use fastestmcp_core::event::{KEEP_SESSION, Keep, List, session_topic};

/// How much of a stream can be replayed.
pub(crate) const KEEP_STREAM: Keep = KEEP_SESSION;
/// What nodes tell each other is for those that live now.
pub(crate) const KEEP_RELAY: Keep = Keep::new(64, Duration::from_secs(30)).max_bytes(16 << 20);

/// What every node hears.
pub(crate) const RELAYS: &str = "relays";

/// The stream of a session.
pub(crate) fn session(digest: &str) -> String {
    session_topic(digest)
}

/// A POST stream; named by its session too, so that nobody else's can be asked for.
pub(crate) fn stream(session: &str, node: &str, exchange: u64) -> String {
    format!("stream/{session}/{node}.{exchange:x}")
}

/// What one node hears.
pub(crate) fn node(name: &str) -> String {
    format!("relays/{name}")
}

/// An entry of a session's stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    /// For the client.
    Message(Bytes),
    /// A standalone stream was opened, under a name of its own: those that were opened before it end (contract A6).
    Reader(String),
    /// A list of its own has changed.
    List(List),
    /// What the session is subscribed to has changed.
    Subscriptions,
    /// The session has ended.
    End,
}

impl Entry {
    pub(crate) fn encode(&self) -> Bytes {
        match self {
            Self::Message(json) => [b"m", &json[..]].concat().into(),
            Self::Reader(name) => [b"r", name.as_bytes()].concat().into(),
            Self::List(list) => list.session_entry(),
            Self::Subscriptions => Bytes::from_static(b"s"),
            Self::End => Bytes::from_static(b"x"),
        }
    }

    /// `None` for what this binary does not know.
    pub(crate) fn decode(payload: &Bytes) -> Option<Self> {
        Some(match payload.first()? {
            b'm' => Self::Message(payload.slice(1..)),
            b'r' => Self::Reader(String::from_utf8_lossy(&payload[1..]).into_owned()),
            b'l' => Self::List(List::of_session_entry(payload)?),
            b's' => Self::Subscriptions,
            b'x' => Self::End,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_read_as_they_were_written_and_unknown_ones_are_passed_over() {
        let message = Entry::Message(Bytes::from_static(b"{}"));
        for entry in
            [message, Entry::Reader("a.1".to_owned()), Entry::List(List::Prompts), Entry::Subscriptions, Entry::End]
        {
            assert_eq!(Entry::decode(&entry.encode()), Some(entry));
        }
        assert_eq!(Entry::decode(&Bytes::from_static(b"?later")), None);
        assert_eq!(Entry::decode(&Bytes::new()), None);
    }
}
