use std::sync::Arc;
use std::time::Duration;

use fastestmcp_core::backend::At;
use fastestmcp_core::error::StoreResult;
use fastestmcp_core::session::{Loaded, Touch};
use sqlx::postgres::PgRow;

use super::load::Load;
use super::scope;
use crate::database::{Database, number, span};
use crate::error::{Failure, site};
use crate::row::get;

/// A load under the lock of its scope, whose deadline it slides if it is told to. The caller gives up after `timeout`.
pub(super) async fn run(
    database: &Arc<Database>,
    load: Load,
    touch: Option<Touch>,
    timeout: Duration,
) -> StoreResult<At<Loaded>> {
    // Slides nothing.
    let still = Touch { ttl: Duration::ZERO, slack: Duration::ZERO };
    let Touch { ttl, slack } = touch.unwrap_or(still);
    let limit = database.limits.max_batch_bytes;
    let statement = database
        .statement(include_str!("../../sql/session_touch.sql"))
        .bind(database.at())
        .bind(database.namespace)
        .bind(scope::code(load.scope.kind))
        .bind(load.scope.id.as_bytes())
        .bind(load.asked())
        .bind(span(ttl))
        .bind(span(slack))
        .bind(number(limit as u64));
    let answer = move |rows: Vec<PgRow>| {
        let mut numbered =
            rows.iter().map(|row| Ok((get::<i64>(row, "i")?, row))).collect::<Result<Vec<_>, Failure>>()?;
        numbered.sort_unstable_by_key(|(number, _)| *number);
        load.answer(numbered.into_iter().map(|(_, row)| row))?.ok_or(Failure::LargeAnswer(limit))
    };
    match touch {
        Some(_) => database.write_within(timeout, site("load"), statement, answer).await,
        None => database.read_within(timeout, site("load"), statement, answer).await,
    }
}
