use std::sync::Arc;
use std::time::{Duration, Instant};

use fastestmcp_core::backend::At;
use fastestmcp_core::error::StoreResult;
use fastestmcp_core::task::{ClaimRequest, Claimed};
use fastestmcp_core::time::StoreTime;
use sqlx::postgres::PgRow;

use super::answer::Answer;
use super::marks::{LEVELS, Marks};
use crate::database::{Database, millis, moment, number, span};
use crate::error::{Failure, site};

/// A claim under way.
struct Claim {
    queues: Vec<String>,
    /// For each queue.
    marks: Vec<[i64; LEVELS.len()]>,
    began: Instant,
}

pub(super) async fn claim(
    database: &Arc<Database>,
    marks: &Arc<Marks>,
    request: ClaimRequest,
) -> StoreResult<At<Claimed>> {
    let ClaimRequest { queues, worker, limit, lease, .. } = request;
    let claim = Claim { marks: queues.iter().map(|queue| marks.of(queue)).collect(), queues, began: Instant::now() };
    let lanes = || {
        LEVELS
            .iter()
            .enumerate()
            .flat_map(|(at, level)| claim.queues.iter().zip(&claim.marks).map(move |lane| (at, *level, lane)))
    };
    let statement = database
        .statement(include_str!("../../sql/task_claim.sql"))
        .bind(database.at())
        .bind(database.namespace)
        .bind(lanes().map(|(_, _, (queue, _))| queue.as_bytes()).collect::<Vec<_>>())
        .bind(lanes().map(|(_, level, _)| level).collect::<Vec<_>>())
        .bind(lanes().map(|(at, _, (_, marks))| marks[at]).collect::<Vec<_>>())
        .bind(worker.as_bytes())
        .bind(i32::try_from(limit).unwrap_or(i32::MAX))
        .bind(number(database.limits.max_batch_bytes as u64))
        .bind(span(lease));
    let marks = marks.clone();
    database.write(site("claim"), statement, move |rows| claim.answer(&rows, &marks)).await
}

impl Claim {
    fn answer(&self, rows: &[PgRow], marks: &Marks) -> Result<At<Claimed>, Failure> {
        let (last, tasks) = rows.split_last().ok_or(Failure::Corrupt("a claim without an answer"))?;
        let last = Answer(last);
        let (now, dues) = (last.now()?, last.dues()?);
        if dues.len() != self.queues.len() * LEVELS.len() {
            return Err(Failure::Corrupt("a claim of other lanes"));
        }
        for (at, (queue, of_queue)) in self.queues.iter().zip(&self.marks).enumerate() {
            let firsts = dues.iter().skip(at).step_by(self.queues.len()).copied();
            marks.note(queue, of_queue, self.began, millis(now), firsts);
        }
        let mut places = tasks
            .iter()
            .map(Answer)
            .map(|answer| Ok((answer.item()?, answer.record()?)))
            .collect::<Result<Vec<_>, Failure>>()?;
        places.sort_by_key(|(place, _)| *place);
        let tasks = places.into_iter().map(|(_, task)| task).collect();
        Ok(At::new(now, Claimed::new(tasks, next_due(&dues, now))))
    }
}

fn next_due(dues: &[Option<i64>], now: StoreTime) -> Option<Duration> {
    dues.iter().flatten().min().map(|due| moment(*due).since(now))
}
