use std::sync::Arc;

use async_trait::async_trait;
use fastestmcp_core::backend::{At, BatchExecutor, Site};
use fastestmcp_core::error::StoreResult;
use fastestmcp_core::task::{Part, ReplaceOutcome, ReplaceRequest, Then};
use sqlx::postgres::PgRow;
use tokio::time::Instant;

use super::answer::answers;
use crate::database::{Database, number, span};
use crate::error::{Failure, site};
use crate::statement::Statement;

/// Guarded writes of many callers in one call.
#[derive(Debug)]
pub(super) struct Replaces(pub(super) Arc<Database>);

#[async_trait]
impl BatchExecutor for Replaces {
    type Item = ReplaceRequest;
    type Answer = At<ReplaceOutcome>;
    const SITE: Site = site("replace");
    const WRITES: bool = true;

    fn bytes(&self, request: &ReplaceRequest) -> usize {
        request.state.len()
    }

    async fn execute(
        &self,
        _: usize,
        requests: &[ReplaceRequest],
        deadline: Instant,
    ) -> StoreResult<Vec<StoreResult<At<ReplaceOutcome>>>> {
        let rows = self.0.carry(statement(&self.0, requests), true, deadline).await;
        let outcomes = rows.and_then(|rows| outcomes(&rows, requests.len()));
        let outcomes = outcomes.map_err(|failure| failure.of_write(Self::SITE))?;
        Ok(outcomes.into_iter().map(|outcome| outcome.map_err(|failure| failure.of_write(Self::SITE))).collect())
    }
}

fn statement(database: &Database, requests: &[ReplaceRequest]) -> Statement {
    fn column<'t, T>(requests: &'t [ReplaceRequest], of: impl Fn(&'t ReplaceRequest) -> T) -> Vec<T> {
        requests.iter().map(of).collect()
    }
    database
        .statement(include_str!("../../sql/task_replace.sql"))
        .bind(database.at())
        .bind(database.namespace)
        .bind(column(requests, |request| request.id.as_str().as_bytes()))
        .bind(column(requests, |request| number(request.guard.version.0)))
        .bind(column(requests, |request| request.guard.token.map(|token| number(token.0))))
        .bind(column(requests, |request| i16::from(request.status)))
        .bind(column(requests, |request| &request.state[..]))
        .bind(column(requests, |request| phase(request.then).0))
        .bind(column(requests, |request| phase(request.then).1))
        .bind(number(database.limits.max_batch_bytes as u64))
}

/// The number that our function knows a phase by, and its span.
fn phase(then: Then) -> (i16, Option<i64>) {
    match then {
        Then::KeepLease => (0, None),
        Then::Runnable { delay } => (1, Some(span(delay))),
        Then::Waiting { at_most } => (2, at_most.map(span)),
        Then::Terminal { retain } => (3, Some(span(retain))),
    }
}

fn outcomes(rows: &[PgRow], count: usize) -> Result<Vec<Result<At<ReplaceOutcome>, Failure>>, Failure> {
    answers(rows, count, |_, answer| match answer.outcome()? {
        0 => Ok(ReplaceOutcome::Replaced(Box::new(answer.head()?))),
        1 => Ok(ReplaceOutcome::Conflict(Box::new(answer.record(Part::State)?))),
        2 => Ok(ReplaceOutcome::LeaseLost),
        3 => Ok(ReplaceOutcome::Missing),
        4 => Err(Failure::Damaged),
        _ => Err(Failure::Corrupt("a replace with an unknown outcome")),
    })
}
