use bytes::Bytes;
use fastestmcp_core::event::{Event, Offset, ReadFrom, TopicRead};

use super::topic::{StoredTopic, forgotten};
use crate::error::{Failure, stepped_over};
use crate::reader::ReadOperation;
use crate::snapshot::{Snapshot, count, number};

#[derive(Debug)]
pub(super) struct Read {
    pub(super) topics: Vec<(String, ReadFrom)>,
    pub(super) limit: usize,
    /// Bytes that all answers together may have, beyond the one that passes it.
    pub(super) max_bytes: usize,
}

impl ReadOperation for Read {
    type Answer = Vec<TopicRead>;
    const NAME: &'static str = "read";

    fn run(&self, snapshot: &Snapshot<'_>) -> Result<Vec<TopicRead>, Failure> {
        let mut bytes = 0;
        self.topics
            .iter()
            .map(|(name, from)| {
                let topic = match StoredTopic::find(snapshot, name) {
                    Ok(Some(topic)) => topic,
                    Ok(None) => StoredTopic::unknown(forgotten(snapshot)?),
                    // All of it may be gone, which is a gap for its readers and nothing for those of other topics.
                    Err(failure) if failure.is_damage() && matches!(from, ReadFrom::After(_)) => {
                        return Ok(TopicRead::Gap { oldest: None, next: as_offset(forgotten(snapshot)?) });
                    }
                    Err(failure) => return Err(failure),
                };
                match from {
                    ReadFrom::Tail => Ok(TopicRead::Events { items: Vec::new(), next: as_offset(topic.head) }),
                    ReadFrom::After(offset) => self.after(snapshot, topic, number(offset.0), &mut bytes),
                }
            })
            .collect()
    }
}

impl Read {
    fn after(
        &self,
        snapshot: &Snapshot<'_>,
        topic: StoredTopic,
        offset: i64,
        bytes: &mut usize,
    ) -> Result<TopicRead, Failure> {
        if offset < topic.floor || offset > topic.head {
            let oldest: Option<i64> = snapshot
                .statement(include_str!("../../sql/event_first.sql"))?
                .query_row([topic.id], |row| row.get(0))?;
            return Ok(TopicRead::Gap { oldest: oldest.map(as_offset), next: as_offset(topic.floor) });
        }
        let mut statement = snapshot.statement(include_str!("../../sql/event_read.sql"))?;
        let mut rows = statement.query((topic.id, offset, number(self.limit as u64)))?;
        let (mut items, mut next) = (Vec::new(), offset);
        while *bytes <= self.max_bytes
            && let Some(row) = rows.next()?
        {
            let at = row.get(0)?;
            let Ok(payload) = row.get_ref(1)?.as_blob() else {
                if items.is_empty() {
                    stepped_over(Self::NAME, "event", at);
                    return Ok(TopicRead::Gap { oldest: None, next: as_offset(at) });
                }
                break;
            };
            next = at;
            *bytes += payload.len();
            items.push(Event { offset: as_offset(next), payload: Bytes::copy_from_slice(payload) });
        }
        Ok(TopicRead::Events { items, next: as_offset(next) })
    }
}

fn as_offset(stored: i64) -> Offset {
    Offset(count(stored))
}
