use std::sync::Arc;

use fastestmcp_core::backend::At;
use fastestmcp_core::error::StoreResult;
use fastestmcp_core::ids::TaskId;
use fastestmcp_core::principal::OwnerFilter;
use fastestmcp_core::task::{Part, TaskRecord};
use sqlx::postgres::PgRow;

use super::answer::{Answer, settle};
use crate::database::{Database, Seen, number};
use crate::error::{Failure, site};

pub(super) async fn get(
    database: &Arc<Database>,
    ids: &[TaskId],
    filter: &OwnerFilter,
    part: Part,
) -> StoreResult<At<Vec<Option<TaskRecord>>>> {
    let statement = database
        .statement(include_str!("../../sql/task_get.sql"))
        .bind(database.at())
        .bind(database.namespace)
        .bind(ids.iter().map(|id| id.as_str().as_bytes()).collect::<Vec<_>>())
        .bind(owner(filter))
        .bind(part.has_spec())
        .bind(part.has_state())
        .bind(number(database.limits.max_batch_bytes as u64));
    let count = ids.len();
    let answer = move |database: &Database, rows: &[PgRow]| {
        let (mut now, mut doubtful) = (None, Vec::new());
        let mut records = vec![None; count];
        for answer in rows.iter().map(Answer) {
            now = Some(answer.now()?);
            let Some(item) = answer.item()? else { continue };
            let record = records.get_mut(item).ok_or(Failure::Corrupt("an answer to no item"))?;
            match answer.outcome()? {
                0 => *record = Some(answer.record(part)?),
                1 => doubtful.push(answer.id()?),
                _ => return Err(Failure::LargeAnswer(database.limits.max_batch_bytes)),
            }
        }
        let answer = At::new(now.ok_or(Failure::Corrupt("a read without an answer"))?, records);
        Ok(Seen { answer, doubts: settle(database, doubtful) })
    };
    database.look(site("get"), statement, answer).await
}

/// Whose tasks, as our statements take it: NULL for anybody's.
pub(super) fn owner(filter: &OwnerFilter) -> Option<&[u8]> {
    match filter {
        OwnerFilter::Any => None,
        OwnerFilter::Is(owner) => Some(owner.as_str().as_bytes()),
    }
}
