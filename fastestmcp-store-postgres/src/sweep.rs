use std::sync::Arc;

use fastestmcp_core::backend::{SweepBudget, SweepStep, Swept, sweep_in_steps};
use fastestmcp_core::error::StoreResult;
use sqlx::postgres::PgRow;

use crate::database::{Database, number};
use crate::error::{Failure, site};
use crate::row::{get, only};

/// Functions of one signature: they take the clock, the namespace and a budget in rows and bytes.
const PARTS: [&str; 3] = [
    include_str!("../sql/session_sweep.sql"),
    include_str!("../sql/task_sweep.sql"),
    include_str!("../sql/event_sweep.sql"),
];

/// Removes expired data in steps of one statement each (G14).
pub(crate) async fn run(database: &Arc<Database>, budget: SweepBudget) -> StoreResult<Swept> {
    sweep_in_steps(PARTS, 1, budget, database.timeout / 2, |part, step| sweep(database, part, step)).await
}

async fn sweep(database: &Arc<Database>, part: &'static str, budget: SweepBudget) -> StoreResult<SweepStep> {
    let statement = database
        .statement(part)
        .bind(database.at())
        .bind(database.namespace)
        .bind(number(budget.max_rows as u64))
        .bind(number(budget.max_bytes as u64));
    database.write(site("sweep"), statement, |rows| step(only(&rows)?)).await
}

fn step(row: &PgRow) -> Result<SweepStep, Failure> {
    let size = |column| Ok::<_, Failure>(usize::try_from(get::<i64>(row, column)?).unwrap_or(0));
    Ok(SweepStep { rows: size("swept_rows")?, bytes: size("swept_bytes")?, more: get(row, "more")? })
}
