use std::ops::Range;

use bytes::Bytes;
use fastestmcp_core::event::{Keep, Offset};

use super::topic::{StoredTopic, fit, forgotten, trim};
use crate::error::Failure;
use crate::snapshot::{count, millis, number};
use crate::writer::{WriteOperation, WriteTx};

/// Trimming waits until this many events more than must be kept are there, so that most appends need none.
const SLACK: i64 = 64;
/// An append removes at most this many events that are beyond the minimum, so that its cost is bounded.
const MOST: usize = 256;

#[derive(Debug)]
pub(super) struct Append {
    pub(super) topic: String,
    pub(super) events: Vec<Bytes>,
    pub(super) keep: Keep,
}

impl WriteOperation for Append {
    type Answer = Range<Offset>;
    const NAME: &'static str = "append";

    fn bytes(&self) -> usize {
        self.events.iter().map(Bytes::len).sum()
    }

    fn apply(&mut self, tx: &WriteTx<'_>) -> Result<Range<Offset>, Failure> {
        let known = StoredTopic::find(tx, &self.topic)?;
        let first = tx.draw_many(self.events.len());
        let added = i64::try_from(self.events.len()).unwrap_or(i64::MAX);
        let head = first + added - 1;
        let bytes = number(self.bytes() as u64);
        let dies = millis(tx.now.after(self.keep.age));
        let mut topic = match known {
            Some(topic) => {
                let (events, bytes) = (topic.events + added, topic.bytes.saturating_add(bytes));
                let topic = StoredTopic { head, events, bytes, ..topic };
                let row = (topic.id, topic.head, topic.events, topic.bytes, dies);
                tx.statement(include_str!("../../sql/topic_advance.sql"))?.execute(row)?;
                topic
            }
            None => {
                let StoredTopic { floor, .. } = StoredTopic::unknown(forgotten(tx)?);
                let id = tx.statement(include_str!("../../sql/topic_insert.sql"))?.insert((
                    tx.namespace,
                    self.topic.as_bytes(),
                    floor,
                    head,
                    added,
                    bytes,
                    dies,
                ))?;
                StoredTopic { id, floor, head, events: added, bytes }
            }
        };
        let mut insert = tx.statement(include_str!("../../sql/event_insert.sql"))?;
        for (offset, event) in (first..).zip(&self.events) {
            insert.execute((offset, topic.id, millis(tx.now), &event[..]))?;
        }
        let spare = topic.events - i64::from(self.keep.count);
        if spare > SLACK {
            let before = millis(tx.now).saturating_sub(age(&self.keep));
            let most = usize::try_from(spare).unwrap_or(0).min(MOST + self.events.len());
            trim(tx, &mut topic, before, most, usize::MAX)?;
        }
        if let Some(max) = self.keep.max_bytes {
            fit(tx, &mut topic, number(max))?;
        }
        Ok(offset(first)..offset(head + 1))
    }
}

fn age(keep: &Keep) -> i64 {
    i64::try_from(fastestmcp_core::time::millis(keep.age)).unwrap_or(i64::MAX)
}

fn offset(stored: i64) -> Offset {
    Offset(count(stored))
}
