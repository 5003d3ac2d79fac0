use std::sync::Arc;
use std::time::{Duration, Instant};

use fastestmcp_core::backend::{At, Site, Ticket, carry_out};
use fastestmcp_core::error::StoreResult;
use fastestmcp_core::ids::TaskId;
use fastestmcp_core::task::{ClaimRequest, Claimed, Part};
use fastestmcp_core::time::StoreTime;
use sqlx::postgres::PgRow;

use super::answer::Answer;
use super::marks::{LEVELS, Marks};
use crate::database::{Database, millis, moment, number, span};
use crate::error::{Failure, site};
use crate::pool::{Access, Deadlines};
use crate::statement::Statement;

const SITE: Site = site("claim");

/// A claim under way.
struct Claim {
    queues: Vec<String>,
    /// For each queue.
    marks: Vec<[i64; LEVELS.len()]>,
    began: Instant,
}

/// What one call of our function came to.
struct Haul {
    claimed: At<Claimed>,
    /// Claimed tasks that turned out to be damaged: their numbers and tokens.
    undue: (Vec<i64>, Vec<i64>),
}

pub(super) async fn claim(
    database: &Arc<Database>,
    marks: &Arc<Marks>,
    request: ClaimRequest,
) -> StoreResult<At<Claimed>> {
    let (database, marks) = (database.clone(), marks.clone());
    carry_out(SITE, database.timeout, move |ticket| async move {
        let deadlines = Deadlines::after(database.timeout);
        let enough = Instant::now() + database.timeout / 2;
        let mut damaged = Vec::new();
        loop {
            let haul = haul(&database, &marks, &request, &ticket, deadlines).await;
            let Haul { mut claimed, undue } = haul.map_err(|failure| failure.of_write(SITE))?;
            if !undue.0.is_empty() {
                let statement =
                    database.statement(include_str!("../../sql/task_undue.sql")).bind(undue.0).bind(undue.1);
                // What stays due comes again when its lease ends.
                if let Err(failure) = database.pool.run(&statement, Access::Write(&ticket), deadlines).await {
                    tracing::warn!(%failure, "damaged tasks are due yet");
                }
            }
            let none = claimed.value.damaged.is_empty();
            for id in &claimed.value.damaged {
                SITE.stepped_over("task", &id.short().to_string());
            }
            damaged.append(&mut claimed.value.damaged);
            // Its neighbours do not wait for another call.
            if none || !claimed.value.tasks.is_empty() || Instant::now() > enough {
                claimed.value.damaged = damaged;
                return Ok(claimed);
            }
        }
    })
    .await
}

/// One call, and a careful one if something cannot be read from the disk.
async fn haul(
    database: &Database,
    marks: &Marks,
    request: &ClaimRequest,
    ticket: &Ticket,
    deadlines: Deadlines,
) -> Result<Haul, Failure> {
    let queues = request.queues.clone();
    let claim = Claim { marks: queues.iter().map(|queue| marks.of(queue)).collect(), queues, began: Instant::now() };
    let run = async |careful| {
        let statement = claim.statement(database, request, careful);
        database.pool.run(&statement, Access::Write(ticket), deadlines).await
    };
    let rows = match run(false).await {
        Err(failure) if failure.is_of_the_disk() => run(true).await?,
        rows => rows?,
    };
    claim.answer(&rows, marks)
}

impl Claim {
    fn statement(&self, database: &Database, request: &ClaimRequest, careful: bool) -> Statement {
        let lanes = || {
            LEVELS
                .iter()
                .enumerate()
                .flat_map(|(at, level)| self.queues.iter().zip(&self.marks).map(move |lane| (at, *level, lane)))
        };
        database
            .statement(include_str!("../../sql/task_claim.sql"))
            .bind(database.at())
            .bind(database.namespace)
            .bind(lanes().map(|(_, _, (queue, _))| queue.as_bytes()).collect::<Vec<_>>())
            .bind(lanes().map(|(_, level, _)| level).collect::<Vec<_>>())
            .bind(lanes().map(|(at, _, (_, marks))| marks[at]).collect::<Vec<_>>())
            .bind(request.worker.as_bytes())
            .bind(i32::try_from(request.limit).unwrap_or(i32::MAX))
            .bind(number(database.limits.max_batch_bytes as u64))
            .bind(span(request.lease))
            .bind(careful)
    }

    fn answer(&self, rows: &[PgRow], marks: &Marks) -> Result<Haul, Failure> {
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
        let (mut places, mut damaged, mut undue) = (Vec::new(), Vec::new(), (Vec::new(), Vec::new()));
        for answer in tasks.iter().map(Answer) {
            match (answer.outcome()?, answer.record(Part::All)) {
                (0, Ok(record)) => places.push((answer.item()?, record)),
                (outcome, _) => {
                    damaged.push(TaskId::new(String::from_utf8_lossy(answer.name()?)));
                    if let (0, Some(token)) = (outcome, answer.token()?) {
                        undue.0.push(answer.id()?);
                        undue.1.push(token);
                    }
                }
            }
        }
        places.sort_by_key(|(place, _)| *place);
        let tasks = places.into_iter().map(|(_, task)| task).collect();
        let mut claimed = Claimed::new(tasks, next_due(&dues, now));
        claimed.damaged = damaged;
        Ok(Haul { claimed: At::new(now, claimed), undue })
    }
}

fn next_due(dues: &[Option<i64>], now: StoreTime) -> Option<Duration> {
    dues.iter().flatten().min().map(|due| moment(*due).since(now))
}
