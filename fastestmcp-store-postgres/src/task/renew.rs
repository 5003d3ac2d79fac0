use std::sync::Arc;
use std::time::Duration;

use fastestmcp_core::backend::At;
use fastestmcp_core::error::StoreResult;
use fastestmcp_core::ids::TaskId;
use fastestmcp_core::task::{Renewed, Token};
use sqlx::postgres::PgRow;

use super::answer::{Answer, answers};
use crate::database::{Database, number, span};
use crate::error::{Failure, site};

pub(super) async fn renew(
    database: &Arc<Database>,
    leases: &[(TaskId, Token)],
    lease: Duration,
) -> StoreResult<At<Vec<Renewed>>> {
    let statement = database
        .statement(include_str!("../../sql/task_renew.sql"))
        .bind(database.at())
        .bind(database.namespace)
        .bind(leases.iter().map(|(id, _)| id.as_str().as_bytes()).collect::<Vec<_>>())
        .bind(leases.iter().map(|(_, token)| number(token.0)).collect::<Vec<_>>())
        .bind(span(lease));
    let count = leases.len();
    database.write(site("renew"), statement, move |rows| renewals(&rows, count, lease)).await
}

fn renewals(rows: &[PgRow], count: usize, lease: Duration) -> Result<At<Vec<Renewed>>, Failure> {
    let now = rows.last().map(|last| Answer(last).now()).transpose()?;
    let now = now.ok_or(Failure::Corrupt("a renewal without an answer"))?;
    let renewals = answers(rows, count, |_, answer| match answer.outcome()? {
        0 => Ok(Renewed::Held { until: now.after(lease), version: answer.version()? }),
        1 => Ok(Renewed::Lost),
        _ => Err(Failure::Corrupt("a renewal with an unknown outcome")),
    })?;
    let renewals = renewals.into_iter().map(|renewed| renewed.map(|renewed| renewed.value));
    Ok(At::new(now, renewals.collect::<Result<_, _>>()?))
}
