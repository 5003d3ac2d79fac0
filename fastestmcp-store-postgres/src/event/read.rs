use std::sync::Arc;

use bytes::Bytes;
use fastestmcp_core::backend::At;
use fastestmcp_core::error::StoreResult;
use fastestmcp_core::event::{Event, Offset, ReadFrom, TopicRead};
use fastestmcp_core::time::StoreTime;
use sqlx::postgres::PgRow;

use crate::database::{Database, count, moment, number};
use crate::error::{Failure, site};
use crate::row::get;

/// Reads several topics in one snapshot.
pub(super) async fn run(
    database: &Arc<Database>,
    topics: &[(String, ReadFrom)],
    limit: usize,
) -> StoreResult<At<Vec<TopicRead>>> {
    // A read of no topics tells the time, too.
    let names: Vec<&[u8]> = topics.iter().map(|(name, _)| name.as_bytes()).collect();
    let froms: Vec<ReadFrom> = topics.iter().map(|(_, from)| *from).collect();
    let statement = database
        .statement(include_str!("../../sql/event_read.sql"))
        .bind(database.at())
        .bind(database.namespace)
        .bind(names)
        .bind(froms.iter().map(after).collect::<Vec<_>>())
        .bind(number(database.limits.max_batch_bytes as u64))
        .bind(number(limit as u64));
    database.read(site("read"), statement, move |rows| answer(&froms, &rows)).await
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
