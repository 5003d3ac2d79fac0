use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use fastestmcp_core::backend::{At, BatchExecutor, Site};
use fastestmcp_core::error::StoreResult;
use fastestmcp_core::task::{InsertOutcome, NewTask, Part, TaskHead};
use sqlx::postgres::PgRow;
use tokio::time::Instant;

use super::answer::{Answer, answers};
use crate::database::{Database, number, span};
use crate::error::{Failure, site};
use crate::statement::Statement;

/// Inserts of many callers in one call.
#[derive(Debug)]
pub(super) struct Inserts(pub(super) Arc<Database>);

#[async_trait]
impl BatchExecutor for Inserts {
    type Item = NewTask;
    type Answer = At<InsertOutcome>;
    const SITE: Site = site("insert");
    const WRITES: bool = true;

    fn bytes(&self, task: &NewTask) -> usize {
        task.spec.len() + task.state.len()
    }

    async fn execute(
        &self,
        _: usize,
        tasks: &[NewTask],
        deadline: Instant,
    ) -> StoreResult<Vec<StoreResult<At<InsertOutcome>>>> {
        let rows = self.0.carry(statement(&self.0, tasks), true, deadline).await;
        let outcomes = rows.and_then(|rows| outcomes(&rows, tasks)).map_err(|failure| failure.of_write(Self::SITE))?;
        Ok(outcomes.into_iter().map(|outcome| outcome.map_err(|failure| failure.of_write(Self::SITE))).collect())
    }
}

fn statement(database: &Database, tasks: &[NewTask]) -> Statement {
    fn column<'t, T>(tasks: &'t [NewTask], of: impl Fn(&'t NewTask) -> T) -> Vec<T> {
        tasks.iter().map(of).collect()
    }
    let limited = tasks.iter().filter(|task| task.quota.is_some()).map(|task| task.owner.as_str());
    let locks: BTreeSet<i64> = limited.map(|owner| database.lock_key(&[b"quota", owner.as_bytes()])).collect();
    database
        .statement(include_str!("../../sql/task_insert.sql"))
        .bind(database.at())
        .bind(database.namespace)
        .bind(column(tasks, |task| task.id.as_str().as_bytes()))
        .bind(column(tasks, |task| task.owner.as_str().as_bytes()))
        .bind(column(tasks, |task| task.session.as_deref().map(str::as_bytes)))
        .bind(column(tasks, |task| task.queue.as_bytes()))
        .bind(column(tasks, |task| i16::from(task.priority)))
        .bind(column(tasks, |task| i16::from(task.status)))
        .bind(column(tasks, |task| span(task.delay)))
        .bind(column(tasks, |task| task.ttl.map(span)))
        .bind(column(tasks, |task| &task.spec[..]))
        .bind(column(tasks, |task| &task.state[..]))
        .bind(column(tasks, |task| task.idempotency.as_ref().map(|idempotency| idempotency.key.as_bytes())))
        .bind(column(tasks, |task| task.idempotency.as_ref().map(|idempotency| idempotency.digest.as_bytes())))
        .bind(column(tasks, |task| task.quota.map(i64::from)))
        .bind(locks.into_iter().collect::<Vec<_>>())
        .bind(number(database.limits.max_batch_bytes as u64))
}

fn outcomes(rows: &[PgRow], tasks: &[NewTask]) -> Result<Vec<Result<At<InsertOutcome>, Failure>>, Failure> {
    answers(rows, tasks.len(), |item, answer| match answer.outcome()? {
        0 => Ok(InsertOutcome::Inserted(Box::new(inserted(&tasks[item], answer)?))),
        1 => Ok(InsertOutcome::Existing(Box::new(answer.record(Part::All)?))),
        2 => Ok(InsertOutcome::KeyReused),
        3 => Ok(InsertOutcome::QuotaExceeded { open: answer.open_tasks()? }),
        4 => Err(Failure::Damaged),
        _ => Err(Failure::Corrupt("an insert with an unknown outcome")),
    })
}

/// The head that was stored.
fn inserted(task: &NewTask, answer: &Answer<'_>) -> Result<TaskHead, Failure> {
    let now = answer.now()?;
    Ok(TaskHead {
        id: task.id.clone(),
        owner: task.owner.clone(),
        session: task.session.clone(),
        queue: task.queue.clone(),
        priority: task.priority,
        status: task.status,
        created: now,
        updated: now,
        expires: task.ttl.map(|ttl| now.after(ttl)),
        open: true,
        due: Some(now.after(task.delay)),
        lease: None,
        version: answer.version()?,
        claims: 0,
    })
}
