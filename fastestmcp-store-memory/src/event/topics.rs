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
#[derive(Debug)]
pub(crate) struct Topics {
    by_name: HashMap<Arc<str>, Topic>,
    /// When each topic vanishes if nobody writes to it.
    idle: BTreeSet<(StoreTime, Arc<str>)>,
    /// The highest offset of any topic that vanished: whoever stands before it may have missed something (E2).
    vanished: Offset,
}

impl Default for Topics {
    fn default() -> Self {
        Self { by_name: HashMap::new(), idle: BTreeSet::new(), vanished: Offset(0) }
    }
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
        let name = self.by_name.get_key_value(name).map_or_else(|| Arc::from(name), |(name, _)| name.clone());
        let topic = self.by_name.entry(name.clone()).or_insert_with(|| Topic::new(self.vanished, keep));
        if let Some(at) = topic.vanishes() {
            self.idle.remove(&(at, name.clone()));
        }
        topic.append(first, payloads, keep, now);
        if let Some(at) = topic.vanishes() {
            self.idle.insert((at, name));
        }
        Offset(first)..Offset(first + count)
    }

    pub(super) fn read(&self, name: &str, from: ReadFrom, limit: usize, left: &mut usize) -> TopicRead {
        match (self.by_name.get(name), from) {
            (Some(topic), _) => topic.read(from, limit, left),
            (None, ReadFrom::After(after)) if after != self.vanished => {
                TopicRead::Gap { oldest: None, next: self.vanished }
            }
            (None, _) => TopicRead::Events { items: Vec::new(), next: self.vanished },
        }
    }

    /// How many topics and events there are, with their places in the sweep.
    pub(crate) fn rows(&self) -> usize {
        self.by_name.len() + self.idle.len() + self.by_name.values().map(Topic::len).sum::<usize>()
    }

    /// Removes topics that nobody has written to for their age (E4); false if the budget ran out first.
    pub(crate) fn sweep(&mut self, now: StoreTime, budget: &mut Budget) -> bool {
        while let Some((at, name)) = self.idle.first().filter(|(at, _)| *at <= now).cloned() {
            if budget.spent() || !self.by_name.get_mut(&name).is_none_or(|topic| topic.drain(budget)) {
                return false;
            }
            if let Some(topic) = self.by_name.remove(&name) {
                self.vanished = self.vanished.max(topic.head());
            }
            self.idle.remove(&(at, name));
        }
        true
    }
}
