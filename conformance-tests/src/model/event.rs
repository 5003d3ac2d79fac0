use std::collections::{BTreeMap, VecDeque};
use std::ops::Range;

use async_trait::async_trait;
use bytes::Bytes;
use fastestmcp_core::backend::At;
use fastestmcp_core::error::StoreResult;
use fastestmcp_core::event::{Event, EventLog, Keep, Offset, ReadFrom, TopicRead, Wake, WakeStream};
use fastestmcp_core::time::StoreTime;
use futures_util::StreamExt;
use futures_util::stream;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::broadcast::{self, Sender};

use super::{Bug, Model, Space, Switch};

#[derive(Clone, Debug, Default)]
pub(super) struct Topics {
    pub(super) live: BTreeMap<String, Topic>,
    /// The highest offset of any topic that vanished: whoever stands before it may have missed something.
    pub(super) vanished: u64,
}

#[derive(Clone, Debug)]
pub(super) struct Topic {
    pub(super) events: VecDeque<(StoreTime, Event)>,
    /// The newest offset that may be gone.
    floor: u64,
    pub(super) head: u64,
    pub(super) keep: Keep,
    pub(super) written: StoreTime,
    made: StoreTime,
    /// The longest that it was to be kept, and by which append.
    longest: StoreTime,
}

/// More than so many events beyond the minimum are many.
const MANY: usize = 64;

impl Topic {
    const fn new(floor: u64, keep: Keep, now: StoreTime) -> Self {
        Self { events: VecDeque::new(), floor, head: floor, keep, written: now, made: now, longest: now }
    }

    /// When it vanishes if nobody writes it.
    pub(super) fn ends(&self, switch: &Switch) -> StoreTime {
        let end = self.written.after(self.keep.age);
        let first = self.made.after(self.keep.age);
        if switch.bends(Bug::TopicEndNotPostponed, first != end) {
            return first;
        }
        if switch.bends(Bug::TopicEndOnlyPostponed, self.longest > end) { self.longest } else { end }
    }

    /// Drops what need not be kept and what may not be.
    fn trim(&mut self, now: StoreTime, switch: &Switch) {
        let many = self.events.len() > self.keep.count as usize + MANY;
        while self.is_beyond_minimum(now, switch, many) {
            if switch.bends(Bug::TrimsSilently, many) { drop(self.events.pop_front()) } else { self.drop_oldest() }
        }
        let mut dropped = 0;
        while self.is_beyond_maximum(switch) && !switch.bends(Bug::MaximumInSteps, dropped == 10) {
            if switch.is(Bug::MaximumDropsTheNewest) {
                self.events.pop_back();
            } else if switch.is(Bug::MaximumDropsSilently) {
                self.events.pop_front();
            } else {
                self.drop_oldest();
            }
            dropped += 1;
        }
    }

    fn is_beyond_minimum(&self, now: StoreTime, switch: &Switch, many: bool) -> bool {
        let age = if switch.is(Bug::KeepsHalfAsLong) { self.keep.age / 2 } else { self.keep.age };
        let old = self.events.front().is_some_and(|(at, _)| at.after(age) <= now);
        let least = self.keep.count as usize;
        let least = if switch.bends(Bug::KeepsOneLess, self.events.len() == least) { least - 1 } else { least };
        let least = if many && switch.is(Bug::TrimIgnoresCount) { least / 2 } else { least };
        self.events.len() > least
            && (old
                || switch.bends(Bug::MaximumLiftsMinimum, self.keep.max_bytes.is_some())
                || switch.bends(Bug::TrimIgnoresAge, many))
            && !switch.is(Bug::TrimsNever)
    }

    fn is_beyond_maximum(&self, switch: &Switch) -> bool {
        let Some(max) = self.keep.max_bytes else { return false };
        let bytes = self.events.iter().map(|(_, event)| event.payload.len() as u64).sum::<u64>();
        (bytes > max || switch.bends(Bug::MaximumIsExclusive, bytes == max))
            && (self.events.len() > 1 || switch.is(Bug::MaximumSparesNothing))
            && !switch.is(Bug::MaximumIgnored)
    }

    fn drop_oldest(&mut self) {
        if let Some((_, event)) = self.events.pop_front() {
            self.floor = self.floor.max(event.offset.0);
        }
    }
}

impl Model {
    fn append_locked(&self, space: &mut Space, topic: &str, events: Vec<(u64, Bytes)>, keep: Keep, now: StoreTime) {
        let floor = if self.switch.has(Bug::OffsetsRestart) { 0 } else { space.topics.vanished };
        let topic = space.topics.live.entry(topic.to_owned()).or_insert_with(|| Topic::new(floor, keep, now));
        let old = std::mem::replace(&mut topic.keep, keep);
        topic.written = now;
        topic.longest = topic.longest.max(now.after(keep.age));
        for (offset, payload) in events {
            topic.head = topic.head.max(offset);
            topic.events.push_back((now, Event { offset: Offset(offset), payload }));
        }
        topic.events.make_contiguous().sort_by_key(|(_, event)| event.offset);
        if self.switch.bends(Bug::TrimsByOldKeep, old != keep) {
            topic.keep = old;
            topic.trim(now, &self.switch);
            topic.keep = keep;
        }
        topic.trim(now, &self.switch);
    }

    /// The first offset of an append of `count` events.
    fn draw_offsets(&self, space: &mut Space, topic: &str, count: usize) -> u64 {
        if self.switch.has(Bug::OffsetsRestart) {
            return match space.topics.live.get(topic) {
                Some(topic) => topic.head + 1,
                None => {
                    self.switch.fire();
                    1
                }
            };
        }
        let start = space.counter + 1;
        space.counter += count as u64;
        start
    }

    fn read_locked(&self, space: &Space, topic: &str, from: ReadFrom, limit: usize, bytes: &mut usize) -> TopicRead {
        let topic = space.topics.live.get(topic);
        let (floor, head) =
            topic.map_or((space.topics.vanished, space.topics.vanished), |topic| (topic.floor, topic.head));
        let ReadFrom::After(Offset(after)) = from else {
            return TopicRead::Events { items: Vec::new(), next: Offset(head) };
        };
        if topic.is_none() && self.switch.bends(Bug::UnknownTopicIsEmpty, after > head) {
            return TopicRead::Events { items: Vec::new(), next: Offset(after) };
        }
        if (after < floor || after > head) && !self.switch.is(Bug::SilentGap) {
            let oldest = topic.and_then(|topic| topic.events.front()).map(|(_, event)| event.offset);
            return TopicRead::Gap { oldest, next: Offset(floor) };
        }
        let newest = topic.and_then(|topic| topic.events.back()).map(|(_, event)| event.offset);
        let newer = topic.into_iter().flat_map(|topic| &topic.events).filter(|(_, event)| event.offset.0 > after);
        let fits = |(_, event): &&(StoreTime, Event)| {
            let first = *bytes == 0;
            *bytes += event.payload.len().max(1);
            first || *bytes <= self.limits.max_batch_bytes || self.switch.is(Bug::AnswersWithoutBound)
        };
        let items: Vec<Event> = newer.take(limit).take_while(fits).map(|(_, event)| event.clone()).collect();
        let mut next = items.last().map_or(Offset(after), |event| event.offset);
        if let Some(newest) = newest
            && self.switch.bends(Bug::CutAnswerSkips, *bytes > self.limits.max_batch_bytes && next < newest)
        {
            next = newest;
        }
        TopicRead::Events { items, next }
    }
}

#[async_trait]
impl EventLog for Model {
    async fn append(&self, topic: &str, events: Vec<Bytes>, keep: Keep) -> StoreResult<At<Range<Offset>>> {
        self.allowed("append", self.limits.check_append(topic, &events, &keep))?;
        let count = events.len();
        let start = {
            let (mut space, now) = self.begin().await;
            let start = self.draw_offsets(&mut space, topic, count);
            if !self.switch.has(Bug::EventHole) {
                let end = Offset(start + count as u64);
                self.append_locked(&mut space, topic, (start..).zip(events).collect(), keep, now);
                return Ok(At::new(now, Offset(start)..end));
            }
            start
        };
        if start % 2 == 0 {
            self.switch.fire();
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
        let (mut space, now) = self.begin().await;
        self.append_locked(&mut space, topic, (start..).zip(events).collect(), keep, now);
        Ok(At::new(now, Offset(start)..Offset(start + count as u64)))
    }

    async fn read(&self, topics: &[(String, ReadFrom)], limit: usize) -> StoreResult<At<Vec<TopicRead>>> {
        self.allowed("read", self.limits.check_read(topics, limit))?;
        let mark = self.abroad(Bug::ForeignMark).map(|other| other.space.lock().topics.vanished);
        let (mut space, now) = self.begin().await;
        space.topics.vanished = space.topics.vanished.max(mark.unwrap_or(0));
        let mut bytes = 0;
        let read = |(topic, from): &(String, _)| self.read_locked(&space, topic, *from, limit, &mut bytes);
        let reads = topics.iter().map(read).collect();
        Ok(At::new(now, reads))
    }

    async fn wake(&self, channels: &[String]) -> StoreResult<()> {
        self.allowed("wake", self.limits.check_wake(channels))?;
        let abroad = self.abroad(Bug::ForeignWake);
        for channel in channels {
            // Nobody listening is no failure: a wake-up is a hint.
            let _ = self.wakes.0.send(channel.clone());
            let _ = abroad.as_ref().map(|other| other.wakes.0.send(channel.clone()));
        }
        Ok(())
    }

    async fn listen(&self) -> StoreResult<WakeStream> {
        let stream = stream::unfold(self.wakes.0.subscribe(), async |mut receiver| match receiver.recv().await {
            Ok(channel) => Some((Wake::Channel(channel), receiver)),
            Err(RecvError::Lagged(_)) => Some((Wake::Reset, receiver)),
            Err(RecvError::Closed) => None,
        });
        Ok(stream.boxed())
    }
}

/// The wake-ups of one namespace.
#[derive(Clone, Debug)]
pub(super) struct Wakes(Sender<String>);

impl Default for Wakes {
    fn default() -> Self {
        Self(broadcast::channel(1_024).0)
    }
}
