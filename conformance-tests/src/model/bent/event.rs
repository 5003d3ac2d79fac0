use std::ops::Range;

use async_trait::async_trait;
use bytes::Bytes;
use fastestmcp_core::backend::At;
use fastestmcp_core::error::StoreResult;
use fastestmcp_core::event::{EventLog, Keep, Offset, ReadFrom, TopicRead, WakeStream};

use super::Bent;
use crate::model::Bug;

impl Bent {
    async fn append_each(&self, topic: &str, events: Vec<Bytes>, keep: Keep) -> StoreResult<At<Range<Offset>>> {
        self.switch.fire();
        let mut whole: Option<Range<Offset>> = None;
        let mut last = None;
        for event in events {
            let one = self.inner.append(topic, vec![event], keep).await?;
            let start = whole.map_or(one.value.start, |range| range.start);
            whole = Some(start..Offset(one.value.end.0));
            last = Some(one.now);
            tokio::task::yield_now().await;
        }
        match (last, whole) {
            (Some(now), Some(range)) => Ok(At::new(now, range)),
            _ => self.inner.append(topic, vec![], keep).await,
        }
    }

    fn bend_read(&self, from: ReadFrom, limit: usize, read: &mut TopicRead) {
        let TopicRead::Events { items, next } = read else { return };
        let is_full = items.len() == limit;
        if self.switch.bends(Bug::TailSkipsNext, from == ReadFrom::Tail)
            || self.switch.bends(Bug::LimitedReadSkips, is_full)
        {
            next.0 += 1;
        }
        if self.switch.has(Bug::EventsAppearLate) && !items.is_empty() {
            let mut appended = self.between.appended.lock();
            if self.switch.bends(Bug::EventsAppearLate, appended.is_some_and(|node| node != self.node)) {
                *appended = None;
                items.pop();
                *next = items.last().map_or(*next, |event| event.offset);
            }
        }
    }
}

#[async_trait]
impl EventLog for Bent {
    async fn append(&self, topic: &str, events: Vec<Bytes>, keep: Keep) -> StoreResult<At<Range<Offset>>> {
        let topic = self.name(topic);
        let events: Vec<Bytes> = events.into_iter().map(|event| self.value(event)).collect();
        let mut done = match self.switch.has(Bug::AppendsOneByOne) && events.len() > 1 {
            true => self.append_each(&topic, events, keep).await?,
            false => self.inner.append(&topic, events, keep).await?,
        };
        *self.between.appended.lock() = Some(self.node);
        if self.switch.is(Bug::OffsetsOneTooHigh) {
            done.value = Offset(done.value.start.0 + 1)..Offset(done.value.end.0 + 1);
        }
        if self.switch.bends(Bug::OffsetsOneTooLow, self.node > 0) {
            done.value = Offset(done.value.start.0 - 1)..Offset(done.value.end.0 - 1);
        }
        Ok(self.timed(done))
    }

    async fn read(&self, topics: &[(String, ReadFrom)], limit: usize) -> StoreResult<At<Vec<TopicRead>>> {
        let mut asked: Vec<_> = topics.iter().map(|(topic, from)| (self.name(topic), *from)).collect();
        if self.switch.bends(Bug::TopicsAnsweredByName, !asked.is_sorted_by_key(|(topic, _)| topic.clone())) {
            asked.sort_by(|(a, _), (b, _)| a.cmp(b));
        }
        let mut done = self.inner.read(&asked, limit).await?;
        for ((_, from), read) in asked.iter().zip(&mut done.value) {
            self.bend_read(*from, limit, read);
        }
        Ok(self.timed(done))
    }

    async fn wake(&self, channels: &[String]) -> StoreResult<()> {
        if self.switch.is(Bug::WakesNobody) { Ok(()) } else { self.inner.wake(channels).await }
    }

    async fn listen(&self) -> StoreResult<WakeStream> {
        self.inner.listen().await
    }
}
