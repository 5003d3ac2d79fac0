//! The topic of a session: what its client is told on its standalone stream, whichever node has that.

use std::time::Duration;

use bytes::Bytes;

use super::{Keep, List};

/// How much of a session's stream can be read again.
pub const KEEP_SESSION: Keep = Keep::new(256, Duration::from_secs(300)).max_bytes(16 << 20);

/// What an entry begins with that says that a list has changed. Protocol layers have others for what else they tell.
const LIST: &[u8] = b"l";

/// The topic of a session, named by its digest.
pub fn session_topic(session: &str) -> String {
    format!("session/{session}")
}

impl List {
    /// That this list has changed, as an entry of a session's topic.
    pub fn session_entry(self) -> Bytes {
        [LIST, self.name().as_bytes()].concat().into()
    }

    /// The list that an entry of a session's topic is about, if it is about one.
    pub fn of_session_entry(payload: &[u8]) -> Option<Self> {
        payload.strip_prefix(LIST).and_then(Self::of)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_names_its_list() {
        for list in List::ALL {
            assert_eq!(List::of_session_entry(&list.session_entry()), Some(list));
        }
        for other in [&b""[..], b"l", b"lskills", b"tools", b"m{}"] {
            assert_eq!(List::of_session_entry(other), None);
        }
    }
}
