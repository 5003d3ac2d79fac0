use std::collections::{BTreeSet, HashMap};
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use fastestmcp_core::event::{Keep, Offset, ReadFrom, TopicRead};
use fastestmcp_core::time::StoreTime;

use super::topic::Topic;
use crate::space::Sequence;
use crate::sweep::Budget;

/// All topics of one namespace.
#[derive(Debug, Default)]
pub(crate) struct Topics {
    by_name: HashMap<Arc<str>, Topic>,
    /// When each topic vanishes if nobody writes to it.
    idle: BTreeSet<(StoreTime, Arc<str>)>,
    /// Drawn when a topic last vanished: readers of a missing topic from before may have missed something (E2).
    vanished: u64,
}

impl Topics {
    pub(super) fn append(
        &mut self,
        name: &str,
        payloads: Vec<Bytes>,
        keep: Keep,
        now: StoreTime,
        sequence: &Sequence,
    ) -> Range<Offset> {
        let count = payloads.len() as u64;
        let first = sequence.draw_many(count);
        let range = Offset(first)..Offset(first + count);
        if count == 0 {
            return range;
        }
        let name = self.by_name.get_key_value(name).map_or_else(|| Arc::from(name), |(name, _)| name.clone());
        let topic = self.by_name.entry(name.clone()).or_insert_with(|| Topic::new(Offset(self.vanished), keep));
        if let Some(at) = topic.vanishes() {
            self.idle.remove(&(at, name.clone()));
        }
        topic.append(first, payloads, keep, now);
        if let Some(at) = topic.vanishes() {
            self.idle.insert((at, name));
        }
        range
    }

    pub(super) fn read(&self, name: &str, from: ReadFrom, limit: usize, sequence: &Sequence) -> TopicRead {
        if let Some(topic) = self.by_name.get(name) {
            return topic.read(from, limit);
        }
        let last = sequence.last();
        match from {
            ReadFrom::Tail => TopicRead::Events { items: Vec::new(), next: Offset(last) },
            ReadFrom::After(after) if (self.vanished..=last).contains(&after.0) => {
                TopicRead::Events { items: Vec::new(), next: after }
            }
            ReadFrom::After(_) => TopicRead::Gap { oldest: None, next: Offset(last) },
        }
    }

    /// Removes topics that nobody has written to for their age (E4); false if the budget ran out first.
    pub(crate) fn sweep(&mut self, now: StoreTime, budget: &mut Budget, sequence: &Sequence) -> bool {
        while let Some((at, name)) = self.idle.first().filter(|(at, _)| *at <= now).cloned() {
            if budget.spent() || !self.by_name.get_mut(&name).is_none_or(|topic| topic.drain(budget)) {
                return false;
            }
            self.by_name.remove(&name);
            self.idle.remove(&(at, name));
            self.vanished = sequence.draw();
        }
        true
    }
}
