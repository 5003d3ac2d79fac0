use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use super::announcer::Announcer;
use super::listeners::Listeners;
use super::mailbox::Mailbox;
use super::read::{Answer, read};
use super::reader::Reader;
use super::subscription::EventSubscription;
use super::{EventLog, Keep, ReadFrom};
use crate::error::{StoreError, StoreErrorKind, StoreResult};
use crate::limits::Limits;

const CHANNEL: &str = "event/";

/// Events over nodes: appended to the log, announced by a wake-up, read once per node for all who listen there (contract
/// E3, E5–E7). While anybody listens, the log is read when a wake-up comes, only the topics that it names, and once a
/// second; otherwise never.
///
/// Records are the truth and events say where to look again: a subscriber looks at the records after
/// [`Delivery::Gap`](super::Delivery::Gap) and [`Delivery::Lagged`](super::Delivery::Lagged).
///
/// ```
/// # use std::sync::Arc;
/// # use std::time::Duration;
/// # use fastestmcp_core::error::StoreResult;
/// # use fastestmcp_core::event::{Delivery, EventBus, EventLog, Keep, ReadFrom};
/// # async fn greet(log: Arc<dyn EventLog>) -> StoreResult<()> {
/// let bus = EventBus::new(log);
/// let mut greetings = bus.subscribe("greetings", ReadFrom::Tail).await?;
/// bus.publish("greetings", vec!["hello".into()], Keep::new(100, Duration::from_secs(60))).await?;
/// while let Some(delivery) = greetings.next().await {
///     match delivery {
///         Delivery::Event(event) => println!("{:?}", event.payload),
///         Delivery::Gap | Delivery::Lagged => println!("something was missed"),
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct EventBus {
    log: Arc<dyn EventLog>,
    limits: Limits,
    listeners: Arc<Listeners>,
    announcer: Arc<Announcer>,
    background: TaskTracker,
    ended: CancellationToken,
    /// Ends everything with the last handle.
    _alive: Arc<DropGuard>,
}

impl fmt::Debug for EventBus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventBus").field("topics", &self.listeners.topics()).finish_non_exhaustive()
    }
}

impl EventBus {
    /// A bus over `log`. Pass the wake-ups of the node to [`EventBus::woken`].
    pub fn new(log: Arc<dyn EventLog>) -> Self {
        let background = TaskTracker::new();
        let announcer = Announcer::new(log.clone(), background.clone());
        Self::within(log, announcer, background, CancellationToken::new())
    }

    /// A bus that announces with others, works in their background, and has ended when `ended` is cancelled.
    pub(crate) fn within(
        log: Arc<dyn EventLog>,
        announcer: Arc<Announcer>,
        background: TaskTracker,
        ended: CancellationToken,
    ) -> Self {
        let limits = log.guarantees().limits;
        let alive = Arc::new(ended.clone().drop_guard());
        Self { log, limits, listeners: Arc::default(), announcer, background, ended, _alive: alive }
    }

    /// Appends events to a topic. Its subscribers on all nodes are woken in the background: nobody waits for that
    /// (contract R9), and one who is not woken looks within a second.
    ///
    /// # Errors
    /// As [`EventLog::append`].
    pub async fn publish(&self, topic: &str, events: Vec<Bytes>, keep: Keep) -> StoreResult<()> {
        self.log.append(topic, events, keep).await?;
        self.listeners.mark(topic);
        self.announcer.announce([format!("{CHANNEL}{topic}")]);
        Ok(())
    }

    /// Takes a wake-up of the node. True if it was one of the bus's.
    pub fn woken(&self, channel: &str) -> bool {
        let topic = channel.strip_prefix(CHANNEL);
        topic.into_iter().for_each(|topic| self.listeners.mark(topic));
        topic.is_some()
    }

    /// Wake-ups were lost: all topics are read soon.
    pub fn reset(&self) {
        self.listeners.mark_all();
    }

    /// Subscribes to a topic. What was in the log before, after an offset, comes at the pace at which it is taken; what
    /// comes then must be taken in time.
    ///
    /// # Errors
    /// As [`EventLog::read`].
    pub async fn subscribe(&self, topic: &str, from: ReadFrom) -> StoreResult<EventSubscription> {
        let subscription = self.subscribe_all(&[(topic.to_owned(), from)]).await?.pop();
        subscription.ok_or_else(no_answer)
    }

    /// Subscribes to several topics, with one read for each [`Limits::max_batch`] of them; as many subscriptions in their
    /// order.
    ///
    /// # Errors
    /// As [`EventLog::read`].
    pub async fn subscribe_all(&self, topics: &[(String, ReadFrom)]) -> StoreResult<Vec<EventSubscription>> {
        let mut subscriptions = Vec::with_capacity(topics.len());
        for batch in topics.chunks(self.limits.max_batch.max(1)) {
            let answers = read(&*self.log, &self.limits, batch).await?;
            subscriptions.extend(batch.iter().zip(&answers).map(|((topic, _), answer)| self.join(topic, answer)));
        }
        Ok(subscriptions)
    }

    fn join(&self, topic: &str, answer: &Answer) -> EventSubscription {
        let mailbox = Arc::new(Mailbox::new(answer));
        if self.listeners.join(topic, mailbox.clone()) {
            self.start_reader();
        }
        let (listeners, ended) = (self.listeners.clone(), self.ended.clone());
        EventSubscription { topic: topic.to_owned(), mailbox, listeners, ended }
    }

    fn start_reader(&self) {
        let reader = Reader {
            log: self.log.clone(),
            listeners: self.listeners.clone(),
            limits: self.limits.clone(),
            ended: self.ended.clone(),
        };
        self.background.spawn(reader.run());
    }
}

/// The log answered something else than what it was asked.
pub(super) fn no_answer() -> StoreError {
    StoreError::new(StoreErrorKind::Unexpected, "event log", "read", "no answer")
}
