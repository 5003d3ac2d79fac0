use std::time::Duration;

use bytes::Bytes;

use super::bus::no_answer;
use super::session_stream::{KEEP_SESSION, session_topic};
use super::{EventBus, EventSubscription, Keep, ReadFrom};
use crate::error::StoreResult;
use crate::ids;
use crate::session::{Scope, ScopeKind};

/// Of what changed, the newest says all there is to say: that it is to be asked for again.
const KEEP: Keep = Keep::new(1, Duration::from_secs(300)).max_bytes(64 << 10);
/// Of one principal there are few events, and each list is told by itself.
const KEEP_OF_ONE: Keep = Keep::new(3, Duration::from_secs(300)).max_bytes(64 << 10);
const LISTS: &str = "changes/lists";
const LISTS_OF: &str = "changes/lists/";
const RESOURCE: &str = "changes/resource/";

/// A kind of list that clients keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum List {
    /// Tools.
    Tools,
    /// Prompts.
    Prompts,
    /// Resources and templates of resources.
    Resources,
}

impl List {
    /// All kinds.
    pub const ALL: [Self; 3] = [Self::Tools, Self::Prompts, Self::Resources];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Tools => "tools",
            Self::Prompts => "prompts",
            Self::Resources => "resources",
        }
    }

    /// The list that an event of [`Changes::lists`] is about; `None` for one of a newer release.
    pub fn of(payload: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().find(|list| list.name().as_bytes() == payload)
    }
}

/// What many clients on all nodes want to hear of: that lists and resources have changed. Each change is appended once,
/// however many listen.
#[derive(Clone, Debug)]
pub struct Changes {
    bus: EventBus,
}

impl Changes {
    /// Those that go over `bus`.
    pub const fn new(bus: EventBus) -> Self {
        Self { bus }
    }

    /// A list has changed.
    ///
    /// # Errors
    /// As [`EventLog::append`](super::EventLog::append).
    pub async fn list_changed(&self, list: List) -> StoreResult<()> {
        self.bus.publish(LISTS, vec![Bytes::from_static(list.name().as_bytes())], KEEP).await
    }

    /// A list has changed for one session or principal. A session is told by its own topic.
    ///
    /// # Errors
    /// As [`EventLog::append`](super::EventLog::append).
    pub async fn list_changed_for(&self, whom: &Scope, list: List) -> StoreResult<()> {
        match whom.kind {
            ScopeKind::Session => {
                self.bus.publish(&session_topic(&whom.id), vec![list.session_entry()], KEEP_SESSION).await
            }
            _ => {
                let payload = Bytes::from_static(list.name().as_bytes());
                self.bus.publish(&topic_of(whom), vec![payload], KEEP_OF_ONE).await
            }
        }
    }

    /// A resource has changed.
    ///
    /// # Errors
    /// As [`EventLog::append`](super::EventLog::append).
    pub async fn resource_updated(&self, uri: &str) -> StoreResult<()> {
        self.bus.publish(&topic(uri), vec![Bytes::from_static(b"updated")], KEEP).await
    }

    /// Hears of changed lists. What was read is a [`List::of`] its payload.
    ///
    /// # Errors
    /// As [`EventLog::read`](super::EventLog::read).
    pub async fn lists(&self, from: ReadFrom) -> StoreResult<EventSubscription> {
        self.bus.subscribe(LISTS, from).await
    }

    /// Hears of lists that changed for all, and of those that changed for one principal, in this order.
    ///
    /// # Errors
    /// As [`EventLog::read`](super::EventLog::read).
    pub async fn lists_for(&self, whom: &Scope, from: ReadFrom) -> StoreResult<[EventSubscription; 2]> {
        let topics = [(LISTS.to_owned(), from), (topic_of(whom), from)];
        self.bus.subscribe_all(&topics).await?.try_into().map_err(|_| no_answer())
    }

    /// Hears of changes of several resources, in their order.
    ///
    /// # Errors
    /// As [`EventLog::read`](super::EventLog::read).
    pub async fn resources(&self, uris: &[String], from: ReadFrom) -> StoreResult<Vec<EventSubscription>> {
        let topics: Vec<_> = uris.iter().map(|uri| (topic(uri), from)).collect();
        self.bus.subscribe_all(&topics).await
    }

    /// Hears of changes of one resource.
    ///
    /// # Errors
    /// As [`EventLog::read`](super::EventLog::read).
    pub async fn resource(&self, uri: &str, from: ReadFrom) -> StoreResult<EventSubscription> {
        self.bus.subscribe(&topic(uri), from).await
    }
}

/// The id of a principal may be longer than a topic's name.
fn topic_of(whom: &Scope) -> String {
    format!("{LISTS_OF}{}", ids::digest(&[&[whom.kind.code()], whom.id.as_bytes()]))
}

/// A URI may be longer than a topic's name.
fn topic(uri: &str) -> String {
    format!("{RESOURCE}{}", ids::digest(&[uri.as_bytes()]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_named_by_its_event_and_an_unknown_one_is_passed_over() {
        for list in List::ALL {
            assert_eq!(List::of(list.name().as_bytes()), Some(list));
        }
        assert_eq!(List::of(b"skills"), None);
    }
}
