use std::sync::Arc;

use fastestmcp_core::backend::SweepBudget;
use fastestmcp_core::error::StoreResult;
use sqlx::Row;

use crate::database::{Database, count, number};
use crate::error::{Failure, site};

/// What a sweep of tasks did.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SweptTasks {
    pub(crate) removed: u64,
    /// Of their specs and states.
    pub(crate) bytes: u64,
    pub(crate) more: bool,
}

/// Removes expired tasks.
pub(crate) async fn sweep(database: &Arc<Database>, budget: SweepBudget) -> StoreResult<SweptTasks> {
    let statement = database
        .statement(include_str!("../../sql/task_sweep.sql"))
        .bind(database.at())
        .bind(database.namespace)
        .bind(i32::try_from(budget.max_rows).unwrap_or(i32::MAX))
        .bind(number(budget.max_bytes as u64));
    database
        .write(site("sweep"), statement, |rows| {
            let row = rows.first().ok_or(Failure::Corrupt("a sweep without an answer"))?;
            let number = |index| row.try_get::<i64, _>(index).map(count).map_err(Failure::Sent);
            let more = row.try_get(2).map_err(Failure::Sent)?;
            Ok(SweptTasks { removed: number(0)?, bytes: number(1)?, more })
        })
        .await
}
