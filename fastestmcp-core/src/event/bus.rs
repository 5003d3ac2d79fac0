use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::sync::watch;

use super::{Event, EventLog, Keep, Offset, ReadFrom, TopicRead};
use crate::error::StoreResult;

/// Events a subscriber may be behind before the log itself decides what it has missed.
const QUEUE: usize = 256;
/// How long a lost wake-up may delay a subscriber.
const LOOK_EVERY: Duration = Duration::from_secs(1);
const CHANNEL: &str = "event/";

/// Events over nodes: appended to the log, announced by a wake-up, read by each subscriber at its own pace (contract
/// E3, E5–E7).
///
/// Records are the truth and events say where to look again: after a gap a subscriber looks at the records.
#[derive(Clone)]
pub struct EventBus {
    log: Arc<dyn EventLog>,
    topics: Arc<Topics>,
}

type Topics = Mutex<HashMap<String, Topic>>;

struct Topic {
    subscribers: usize,
    changed: watch::Sender<u64>,
}

impl fmt::Debug for EventBus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventBus").field("topics", &self.topics.lock().len()).finish_non_exhaustive()
    }
}

/// What a subscriber gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// The next event: each at least once from the acknowledged append on, in order, without duplicates.
    Event(Event),
    /// Events may have been missed. Look at the records; what is still in the log follows.
    Gap,
}

impl EventBus {
    /// A bus over `log`. Pass the wake-ups of the node to [`EventBus::woken`].
    pub fn new(log: Arc<dyn EventLog>) -> Self {
        Self { log, topics: Arc::default() }
    }

    /// Appends events to a topic and wakes its subscribers on all nodes.
    ///
    /// # Errors
    /// As [`EventLog::append`]. That nobody could be woken is no error: subscribers look once a second.
    pub async fn publish(&self, topic: &str, events: Vec<Bytes>, keep: Keep) -> StoreResult<()> {
        self.log.append(topic, events, keep).await?;
        self.bump(topic);
        if let Err(error) = self.log.wake(&[format!("{CHANNEL}{topic}")]).await {
            tracing::debug!(%error, "a wake-up was lost");
        }
        Ok(())
    }

    /// Takes a wake-up of the node. True if it was one of the bus's.
    pub fn woken(&self, channel: &str) -> bool {
        let topic = channel.strip_prefix(CHANNEL);
        topic.into_iter().for_each(|topic| self.bump(topic));
        topic.is_some()
    }

    /// Wake-ups were lost: every subscriber looks again.
    pub fn reset(&self) {
        for topic in self.topics.lock().values() {
            topic.changed.send_modify(|count| *count += 1);
        }
    }

    /// Subscribes to a topic.
    ///
    /// # Errors
    /// As [`EventLog::read`].
    pub async fn subscribe(&self, topic: &str, from: ReadFrom) -> StoreResult<EventSubscription> {
        let changed = {
            let mut topics = self.topics.lock();
            let entry = topics
                .entry(topic.to_owned())
                .or_insert_with(|| Topic { subscribers: 0, changed: watch::Sender::new(0) });
            entry.subscribers += 1;
            entry.changed.subscribe()
        };
        let mut subscription = EventSubscription {
            log: self.log.clone(),
            topics: self.topics.clone(),
            topic: topic.to_owned(),
            next: Offset(0),
            queue: VecDeque::new(),
            changed,
        };
        subscription.read(from).await?;
        Ok(subscription)
    }

    fn bump(&self, topic: &str) {
        if let Some(topic) = self.topics.lock().get(topic) {
            topic.changed.send_modify(|count| *count += 1);
        }
    }
}

/// One subscriber of one topic. However slow, it slows nobody else: what it has not taken stays in the log until the log
/// drops it, and then it gets a [`Delivery::Gap`].
pub struct EventSubscription {
    log: Arc<dyn EventLog>,
    topics: Arc<Topics>,
    topic: String,
    next: Offset,
    queue: VecDeque<Delivery>,
    changed: watch::Receiver<u64>,
}

impl fmt::Debug for EventSubscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventSubscription")
            .field("topic", &self.topic)
            .field("next", &self.next)
            .finish_non_exhaustive()
    }
}

impl EventSubscription {
    /// The next delivery. Cancel safe.
    ///
    /// # Errors
    /// As [`EventLog::read`]; the next call goes on where this one was.
    pub async fn next(&mut self) -> StoreResult<Delivery> {
        loop {
            if let Some(delivery) = self.queue.pop_front() {
                return Ok(delivery);
            }
            // Marked as seen before the read: what is appended during it is looked for again.
            self.changed.mark_unchanged();
            self.read(ReadFrom::After(self.next)).await?;
            if self.queue.is_empty() {
                let _ = tokio::time::timeout(LOOK_EVERY, self.changed.changed()).await;
            }
        }
    }

    async fn read(&mut self, from: ReadFrom) -> StoreResult<()> {
        let answer = self.log.read(&[(self.topic.clone(), from)], QUEUE).await?;
        match answer.value.into_iter().next() {
            Some(TopicRead::Events { items, next }) => {
                self.queue.extend(items.into_iter().map(Delivery::Event));
                self.next = next;
            }
            Some(TopicRead::Gap { next, .. }) => {
                self.queue.push_back(Delivery::Gap);
                self.next = next;
            }
            None => {}
        }
        Ok(())
    }
}

impl Drop for EventSubscription {
    fn drop(&mut self) {
        let mut topics = self.topics.lock();
        if let Some(topic) = topics.get_mut(&self.topic) {
            topic.subscribers -= 1;
            if topic.subscribers == 0 {
                topics.remove(&self.topic);
            }
        }
    }
}
