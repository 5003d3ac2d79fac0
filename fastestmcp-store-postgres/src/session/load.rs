use std::sync::Arc;

use async_trait::async_trait;
use fastestmcp_core::backend::{At, BatchExecutor, BatchLimits, Coalescer, Site};
use fastestmcp_core::error::StoreResult;
use fastestmcp_core::session::{Loaded, Scope};
use fastestmcp_core::time::StoreTime;
use sqlx::postgres::PgRow;
use tokio::time::Instant;

use super::entry::{self, Found};
use super::scope;
use crate::database::{Database, count, moment, number};
use crate::error::{Failure, site};
use crate::row::get;
use crate::statement::Statement;

/// Bytes that a key of a load counts in a run, since what it will find is not known.
const ASSUMED: usize = 4 << 10;
const BATCHES: BatchLimits = BatchLimits { lanes: 1, runs_per_lane: 3, max_items: 128, max_bytes: 1 << 20 };

/// A load without a touch.
#[derive(Clone, Debug)]
pub(super) struct Load {
    pub(super) scope: Scope,
    pub(super) keys: Vec<String>,
}

impl Load {
    pub(super) fn new(scope: &Scope, keys: &[&str]) -> Self {
        Self { scope: scope.clone(), keys: keys.iter().map(|&key| key.to_owned()).collect() }
    }

    /// The keys to ask for: at least one, so that the scope is asked for in any case. Nothing is stored under NULL.
    pub(super) fn asked(&self) -> Vec<Option<&[u8]>> {
        if self.keys.is_empty() { vec![None] } else { self.keys.iter().map(|key| Some(key.as_bytes())).collect() }
    }

    /// The answer in its rows, one per key asked, in order; none if a value was left out.
    pub(super) fn answer<'r>(&self, rows: impl Iterator<Item = &'r PgRow>) -> Result<Option<At<Loaded>>, Failure> {
        let mut loaded = Loaded { scope: None, entries: Vec::with_capacity(self.keys.len()) };
        let mut now = StoreTime::EPOCH;
        for row in rows {
            now = moment(get(row, "moment")?);
            loaded.scope = scope::info(self.scope.kind, row)?;
            if loaded.entries.len() < self.keys.len() {
                loaded.entries.push(match entry::from_row(row)? {
                    Found::Nothing => None,
                    Found::Entry(entry) => Some(entry),
                    Found::Large => return Ok(None),
                });
            }
        }
        if loaded.entries.len() != self.keys.len() {
            return Err(Failure::Corrupt("a load was not answered for every key"));
        }
        Ok(Some(At::new(now, loaded)))
    }
}

/// What became of a load without locks.
#[derive(Debug)]
pub(super) enum Glance {
    Loaded(At<Loaded>),
    /// Something looked expired, or was too large for the company it travelled in: to be asked again under the lock.
    Unsettled,
}

/// Loads of concurrent callers travel in one statement.
#[derive(Debug)]
pub(crate) struct Loads {
    coalescer: Coalescer<Loading>,
    timeout: std::time::Duration,
}

impl Loads {
    pub(crate) fn new(database: Arc<Database>) -> Self {
        Self { timeout: database.timeout, coalescer: Coalescer::new(Loading(database), BATCHES) }
    }

    pub(super) async fn submit(&self, load: Load) -> StoreResult<Glance> {
        self.coalescer.submit(0, load, self.timeout).await
    }
}

#[derive(Debug)]
struct Loading(Arc<Database>);

#[async_trait]
impl BatchExecutor for Loading {
    type Item = Load;
    type Answer = Glance;
    const SITE: Site = site("load");
    const WRITES: bool = false;

    fn bytes(&self, load: &Load) -> usize {
        load.keys.iter().map(|key| key.len() + load.scope.id.len() + ASSUMED).sum()
    }

    async fn execute(&self, _lane: usize, loads: &[Load], deadline: Instant) -> StoreResult<Vec<StoreResult<Glance>>> {
        let rows = self.0.carry(statement(&self.0, loads), false, deadline).await;
        let answers = rows.and_then(|rows| answers(loads, rows));
        let answers = answers.map_err(|failure| failure.of_read(Self::SITE))?;
        Ok(answers.into_iter().map(|answer| answer.map_err(|failure| failure.of_read(Self::SITE))).collect())
    }
}

fn statement(database: &Database, loads: &[Load]) -> Statement {
    let (mut kinds, mut names, mut keys) = (Vec::new(), Vec::new(), Vec::new());
    for load in loads {
        for key in load.asked() {
            kinds.push(scope::code(load.scope.kind));
            names.push(load.scope.id.as_bytes());
            keys.push(key);
        }
    }
    // What comes back is no larger than what one caller may be sent.
    let share = database.limits.max_batch_bytes / keys.len().max(1);
    let statement = database.statement(include_str!("../../sql/session_load.sql"));
    let statement = statement.bind(database.at()).bind(database.namespace).bind(kinds).bind(names).bind(keys);
    statement.bind(number(share as u64))
}

fn answers(loads: &[Load], rows: Vec<PgRow>) -> Result<Vec<Result<Glance, Failure>>, Failure> {
    let mut numbered = rows.iter().map(|row| Ok((get::<i64>(row, "i")?, row))).collect::<Result<Vec<_>, Failure>>()?;
    numbered.sort_unstable_by_key(|(number, _)| *number);
    let asked: usize = loads.iter().map(|load| load.keys.len().max(1)).sum();
    if numbered.len() != asked || numbered.last().is_some_and(|(number, _)| count(*number) != asked as u64) {
        return Err(Failure::Corrupt("a load was not answered for every key"));
    }
    let mut rows = numbered.into_iter().map(|(_, row)| row);
    Ok(loads.iter().map(|load| glance(load, rows.by_ref().take(load.keys.len().max(1)).collect())).collect())
}

fn glance(load: &Load, rows: Vec<&PgRow>) -> Result<Glance, Failure> {
    for row in &rows {
        if get(row, "late")? {
            return Ok(Glance::Unsettled);
        }
    }
    Ok(load.answer(rows.into_iter())?.map_or(Glance::Unsettled, Glance::Loaded))
}
