use std::collections::VecDeque;

use bytes::Bytes;
use fastestmcp_core::event::{Event, Keep, Offset, ReadFrom, TopicRead};
use fastestmcp_core::time::StoreTime;

use crate::sweep::Budget;

/// One topic. It exists while it holds an event.
#[derive(Debug)]
pub(super) struct Topic {
    events: VecDeque<(StoreTime, Event)>,
    /// Those of all payloads.
    bytes: u64,
    /// Everything up to here may be gone.
    base: Offset,
    keep: Keep,
}

impl Topic {
    /// An empty topic whose past, up to `base`, is unknown.
    pub(super) const fn new(base: Offset, keep: Keep) -> Self {
        Self { events: VecDeque::new(), bytes: 0, base, keep }
    }

    /// Adds events under the offsets from `first` on and drops what need not be kept any longer.
    pub(super) fn append(&mut self, first: u64, payloads: Vec<Bytes>, keep: Keep, now: StoreTime) {
        self.keep = keep;
        for (payload, offset) in payloads.into_iter().zip(first..) {
            self.bytes += payload.len() as u64;
            self.events.push_back((now, Event { offset: Offset(offset), payload }));
        }
        while self.is_beyond_minimum(now) || self.is_beyond_maximum() {
            self.drop_oldest();
        }
    }

    fn is_beyond_minimum(&self, now: StoreTime) -> bool {
        self.events.len() > self.keep.count as usize
            && self.events.front().is_some_and(|(appended, _)| appended.after(self.keep.age) <= now)
    }

    fn is_beyond_maximum(&self) -> bool {
        self.events.len() > 1 && self.keep.max_bytes.is_some_and(|max| self.bytes > max)
    }

    /// When the whole topic may go, if nobody writes to it before; `None` if it is empty.
    pub(super) fn vanishes(&self) -> Option<StoreTime> {
        self.events.back().map(|(appended, _)| appended.after(self.keep.age))
    }

    /// Drops events while the budget lasts; true once it is empty.
    pub(super) fn drain(&mut self, budget: &mut Budget) -> bool {
        while !budget.spent()
            && let Some(bytes) = self.drop_oldest()
        {
            budget.spend(bytes);
        }
        self.events.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.events.len()
    }

    pub(super) fn head(&self) -> Offset {
        self.events.back().map_or(self.base, |(_, event)| event.offset)
    }

    /// `left`: bytes that may still be answered with; the event that passes them comes along.
    pub(super) fn read(&self, from: ReadFrom, limit: usize, left: &mut usize) -> TopicRead {
        let after = match from {
            ReadFrom::Tail => return TopicRead::Events { items: Vec::new(), next: self.head() },
            ReadFrom::After(after) => after,
        };
        if after < self.base || after > self.head() {
            let oldest = self.events.front().map(|(_, event)| event.offset);
            return TopicRead::Gap { oldest, next: self.base };
        }
        let start = self.events.partition_point(|(_, event)| event.offset <= after);
        let fits = |(_, event): &&(StoreTime, Event)| {
            let fits = *left > 0;
            *left = left.saturating_sub(event.payload.len().max(1));
            fits
        };
        let newer = self.events.range(start..).take(limit).take_while(fits);
        let items: Vec<Event> = newer.map(|(_, event)| event.clone()).collect();
        let next = items.last().map_or(after, |event| event.offset);
        TopicRead::Events { items, next }
    }

    fn drop_oldest(&mut self) -> Option<usize> {
        let (_, event) = self.events.pop_front()?;
        self.base = event.offset;
        self.bytes -= event.payload.len() as u64;
        Some(event.payload.len())
    }
}
