use rusqlite::OptionalExtension;

use crate::error::Failure;
use crate::snapshot::{Snapshot, millis};
use crate::writer::WriteTx;

/// Events that are looked at together when a topic has more bytes than it may.
const STEP: i64 = 32;

/// A topic as it is stored.
#[derive(Clone, Copy, Debug)]
pub(super) struct StoredTopic {
    pub(super) id: i64,
    /// Events up to here may be gone.
    pub(super) floor: i64,
    /// The last offset.
    pub(super) head: i64,
    /// How many events it holds.
    pub(super) events: i64,
    /// Those of their payloads.
    pub(super) bytes: i64,
}

impl StoredTopic {
    /// What an unknown topic is read as: it may be one that vanished, so whoever stands before what is forgotten may
    /// have missed something. What is appended later has higher offsets and is complete.
    pub(super) const fn unknown(forgotten: i64) -> Self {
        Self { id: 0, floor: forgotten, head: forgotten, events: 0, bytes: 0 }
    }

    pub(super) fn find(snapshot: &Snapshot<'_>, topic: &str) -> Result<Option<Self>, Failure> {
        Ok(snapshot
            .statement(include_str!("../../sql/topic_find.sql"))?
            .query_row((snapshot.namespace, topic.as_bytes()), |row| {
                let (id, floor, head) = (row.get(0)?, row.get(1)?, row.get(2)?);
                Ok(Self { id, floor, head, events: row.get(3)?, bytes: row.get(4)? })
            })
            .optional()?)
    }
}

/// Every topic of the namespace that vanished had only offsets below this.
pub(super) fn forgotten(snapshot: &Snapshot<'_>) -> Result<i64, Failure> {
    Ok(snapshot
        .statement(include_str!("../../sql/namespace_forgotten.sql"))?
        .query_row([snapshot.namespace], |row| row.get(0))?)
}

/// Removes the oldest events of a topic, up to `at_most` rows and `max_bytes` and as long as they were appended at or
/// before `before`; how many rows and bytes went.
pub(super) fn trim(
    tx: &WriteTx<'_>,
    topic: &mut StoredTopic,
    before: i64,
    at_most: usize,
    max_bytes: usize,
) -> Result<(usize, usize), Failure> {
    let mut oldest = tx.statement(include_str!("../../sql/event_oldest.sql"))?;
    let most = i64::try_from(at_most).unwrap_or(i64::MAX);
    let oldest = oldest.query_map((topic.id, most), |row| {
        // What cannot be read is as old as can be.
        Ok((row.get(0)?, row.get(1).unwrap_or(i64::MIN), row.get(2).unwrap_or(0)))
    })?;
    let oldest: Vec<(i64, i64, i64)> = oldest.collect::<rusqlite::Result<_>>()?;
    let (mut rows, mut bytes) = (0, 0);
    for (offset, appended, length) in oldest {
        if appended > before || bytes > max_bytes {
            break;
        }
        tx.statement(include_str!("../../sql/event_delete.sql"))?.execute([offset])?;
        rows += 1;
        bytes += usize::try_from(length).unwrap_or(0);
        topic.floor = offset;
        // Of a damaged topic they may be any numbers.
        topic.events = topic.events.saturating_sub(1);
        topic.bytes = topic.bytes.saturating_sub(length);
    }
    if rows > 0 {
        let row = (topic.id, topic.floor, topic.events, topic.bytes);
        let trimmed = tx.statement(include_str!("../../sql/topic_trim.sql"))?.execute(row);
        // A damaged one cannot be read either, so its floor is of no use to anybody.
        if let Err(failure) = trimmed.map_err(Failure::from)
            && !failure.is_damage()
        {
            return Err(failure);
        }
    }
    Ok((rows, bytes))
}

/// Removes the oldest events of a topic until they have at most `max_bytes`, or only the newest is left.
pub(super) fn fit(tx: &WriteTx<'_>, topic: &mut StoredTopic, max_bytes: i64) -> Result<(), Failure> {
    while topic.events > 1 && topic.bytes > max_bytes {
        let (spare, over) = ((topic.events - 1).min(STEP), topic.bytes - max_bytes);
        let as_size = |number| usize::try_from(number).unwrap_or(usize::MAX);
        let (rows, _) = trim(tx, topic, i64::MAX, as_size(spare), as_size(over - 1))?;
        // A damaged topic counts events that are not there.
        if rows == 0 {
            break;
        }
    }
    Ok(())
}

/// Removes events of a topic that nobody has written for its age, and the topic itself with the last of them; how many
/// rows and bytes went, or `None` if there is no such topic.
pub(crate) fn remove_some_dead(
    tx: &WriteTx<'_>,
    at_most: usize,
    max_bytes: usize,
) -> Result<Option<(usize, usize)>, Failure> {
    let dead = tx
        .statement(include_str!("../../sql/topic_dead.sql"))?
        // Of a damaged one only the number is needed (G16): it cannot be read, so nobody needs to know its floor.
        .query_row((tx.namespace, millis(tx.now)), |row| {
            let number = |index| row.get(index).unwrap_or(0);
            Ok(StoredTopic { id: row.get(0)?, floor: number(1), head: number(2), events: number(3), bytes: number(4) })
        })
        .optional()?;
    let Some(mut topic) = dead else { return Ok(None) };
    let (rows, bytes) = trim(tx, &mut topic, i64::MAX, at_most, max_bytes)?;
    let is_empty: bool = tx
        .statement(include_str!("../../sql/event_first.sql"))?
        .query_row([topic.id], |row| Ok(row.get::<_, Option<i64>>(0)?.is_none()))?;
    if is_empty {
        tx.statement(include_str!("../../sql/topic_delete.sql"))?.execute([topic.id])?;
        tx.statement(include_str!("../../sql/namespace_forget.sql"))?.execute((tx.namespace, tx.draw()))?;
    }
    Ok(Some((rows, bytes)))
}
