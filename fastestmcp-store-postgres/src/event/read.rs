use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use fastestmcp_core::backend::{At, Site};
use fastestmcp_core::error::{StoreErrorKind, StoreResult};
use fastestmcp_core::event::{Event, Offset, ReadFrom, TopicRead};
use fastestmcp_core::time::StoreTime;
use sqlx::postgres::PgRow;

use crate::database::{Database, count, moment, number};
use crate::error::{Failure, site};
use crate::row::{get, only};
use crate::statement::Statement;

const SITE: Site = site("read");

/// Reads several topics in one snapshot. If the server cannot read an event from its disk, they are read one by one, and
/// who reads that topic is told of a gap.
pub(super) async fn run(
    database: &Arc<Database>,
    topics: &[(String, ReadFrom)],
    limit: usize,
) -> StoreResult<At<Vec<TopicRead>>> {
    let begun = Instant::now();
    let left = || database.timeout.saturating_sub(begun.elapsed());
    let read = some(database, topics, limit, left()).await;
    if !read.as_ref().is_err_and(|error| error.kind == StoreErrorKind::Corrupt) {
        return read;
    }
    let mut reads = At::new(StoreTime::EPOCH, Vec::with_capacity(topics.len()));
    for topic in topics {
        let one = std::slice::from_ref(topic);
        let read = match some(database, one, limit, left()).await {
            Err(error) if error.kind == StoreErrorKind::Corrupt => {
                SITE.stepped_over("event", &topic.0);
                past(database, one, left()).await?
            }
            read => read?,
        };
        reads.now = read.now;
        reads.value.extend(read.value);
    }
    Ok(reads)
}

async fn some(
    database: &Arc<Database>,
    topics: &[(String, ReadFrom)],
    limit: usize,
    timeout: Duration,
) -> StoreResult<At<Vec<TopicRead>>> {
    let froms: Vec<ReadFrom> = topics.iter().map(|(_, from)| *from).collect();
    let bytes = number(database.limits.max_batch_bytes as u64);
    let statement = statement(database, topics, bytes, limit);
    database.read_within(timeout, SITE, statement, move |rows| answer(&froms, &rows)).await
}

/// A gap to the end of a topic.
async fn past(
    database: &Arc<Database>,
    topic: &[(String, ReadFrom)],
    timeout: Duration,
) -> StoreResult<At<Vec<TopicRead>>> {
    // Of no bytes: nothing is read from the disk.
    let statement = statement(database, topic, -1, 1);
    database
        .read_within(timeout, SITE, statement, |rows| {
            let row = only(&rows)?;
            let gap = TopicRead::Gap { oldest: None, next: offset(get(row, "head")?) };
            Ok(At::new(moment(get(row, "moment")?), vec![gap]))
        })
        .await
}

fn statement(database: &Database, topics: &[(String, ReadFrom)], bytes: i64, limit: usize) -> Statement {
    // A read of no topics tells the time, too.
    let names: Vec<&[u8]> = topics.iter().map(|(name, _)| name.as_bytes()).collect();
    database
        .statement(include_str!("../../sql/event_read.sql"))
        .bind(database.at())
        .bind(database.namespace)
        .bind(names)
        .bind(topics.iter().map(|(_, from)| after(from)).collect::<Vec<_>>())
        .bind(bytes)
        .bind(number(limit as u64))
}

/// The offset to read after; none to read nothing.
fn after(from: &ReadFrom) -> Option<i64> {
    match from {
        ReadFrom::Tail => None,
        ReadFrom::After(offset) => Some(number(offset.0)),
    }
}

fn answer(froms: &[ReadFrom], rows: &[PgRow]) -> Result<At<Vec<TopicRead>>, Failure> {
    let mut now = StoreTime::EPOCH;
    let mut reads: Vec<Option<TopicRead>> = vec![None; froms.len()];
    for row in rows {
        now = moment(get(row, "moment")?);
        let Some(index) = get::<Option<i64>>(row, "i")?.map(|index| count(index) as usize) else { continue };
        let (Some(from), Some(read)) = (froms.get(index.wrapping_sub(1)), reads.get_mut(index.wrapping_sub(1))) else {
            return Err(Failure::Corrupt("a topic that was not asked for"));
        };
        let read = match read {
            Some(read) => read,
            None => read.insert(begin(*from, row)?),
        };
        let TopicRead::Events { items, next } = read else { continue };
        if let (Some(place), Some(payload)) = (get::<Option<i64>>(row, "place")?, get::<Option<&[u8]>>(row, "payload")?)
        {
            *next = offset(place);
            items.push(Event { offset: *next, payload: Bytes::copy_from_slice(payload) });
        }
    }
    let reads: Option<Vec<TopicRead>> = reads.into_iter().collect();
    Ok(At::new(now, reads.ok_or(Failure::Corrupt("a topic was not answered"))?))
}

/// The answer for a topic before its first event.
fn begin(from: ReadFrom, row: &PgRow) -> Result<TopicRead, Failure> {
    let (floor, head) = (offset(get(row, "floor")?), offset(get(row, "head")?));
    Ok(match from {
        ReadFrom::Tail => TopicRead::Events { items: Vec::new(), next: head },
        ReadFrom::After(after) if after < floor || after > head => {
            TopicRead::Gap { oldest: get::<Option<i64>>(row, "oldest")?.map(offset), next: floor }
        }
        ReadFrom::After(after) => TopicRead::Events { items: Vec::new(), next: after },
    })
}

fn offset(stored: i64) -> Offset {
    Offset(count(stored))
}
