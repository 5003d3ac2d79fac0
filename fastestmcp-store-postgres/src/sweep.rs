use std::sync::Arc;
use std::time::Instant;

use fastestmcp_core::backend::{SweepBudget, Swept};
use fastestmcp_core::error::StoreResult;
use sqlx::postgres::PgRow;

use crate::database::{Database, count, number};
use crate::error::{Failure, site};
use crate::row::{get, only};

/// The most that one statement removes, so that it holds its locks for a few milliseconds.
const STEP: SweepBudget = SweepBudget { max_rows: 500, max_bytes: 4 << 20 };

/// What a step did.
#[derive(Clone, Copy, Debug)]
struct Step {
    rows: u64,
    bytes: u64,
    more: bool,
}

/// Functions of one signature: they take the clock, the namespace and a budget in rows and bytes.
const PARTS: [&str; 3] = [
    include_str!("../sql/session_sweep.sql"),
    include_str!("../sql/task_sweep.sql"),
    include_str!("../sql/event_sweep.sql"),
];

/// Removes expired data in steps of one statement each (G14).
pub(crate) async fn run(database: &Arc<Database>, budget: SweepBudget) -> StoreResult<Swept> {
    let (started, patience) = (Instant::now(), database.timeout / 2);
    let mut swept = Swept::default();
    let mut left = budget;
    for part in PARTS {
        loop {
            let step = SweepBudget {
                max_rows: left.max_rows.min(STEP.max_rows),
                max_bytes: left.max_bytes.min(STEP.max_bytes),
            };
            if step.max_rows == 0 || step.max_bytes == 0 || started.elapsed() > patience {
                return Ok(Swept { more: true, ..swept });
            }
            let done = sweep(database, part, step).await?;
            swept.removed += done.rows;
            left.max_rows = left.max_rows.saturating_sub(usize::try_from(done.rows).unwrap_or(usize::MAX));
            left.max_bytes = left.max_bytes.saturating_sub(usize::try_from(done.bytes).unwrap_or(usize::MAX));
            // What makes no progress is in somebody's hands, and left for the next sweep.
            if !done.more || done.rows == 0 {
                swept.more |= done.more;
                break;
            }
        }
    }
    Ok(swept)
}

async fn sweep(database: &Arc<Database>, part: &'static str, budget: SweepBudget) -> StoreResult<Step> {
    let statement = database
        .statement(part)
        .bind(database.at())
        .bind(database.namespace)
        .bind(number(budget.max_rows as u64))
        .bind(number(budget.max_bytes as u64));
    database.write(site("sweep"), statement, |rows| step(only(&rows)?)).await
}

fn step(row: &PgRow) -> Result<Step, Failure> {
    Ok(Step { rows: count(get(row, "swept_rows")?), bytes: count(get(row, "swept_bytes")?), more: get(row, "more")? })
}
