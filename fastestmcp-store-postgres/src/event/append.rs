use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use fastestmcp_core::backend::{At, BatchExecutor, BatchLimits, Coalescer, Site};
use fastestmcp_core::error::StoreResult;
use fastestmcp_core::event::{Keep, Offset};
use sqlx::postgres::PgRow;
use tokio::time::Instant;

use crate::database::{Database, count, moment, number, span};
use crate::error::{Failure, site};
use crate::lane::lane;
use crate::row::{get, only};
use crate::statement::Statement;

const BATCHES: BatchLimits = BatchLimits { lanes: 2, runs_per_lane: 1, max_items: 128, max_bytes: 1 << 20 };

/// What one caller appends.
#[derive(Debug)]
pub(super) struct Append {
    pub(super) topic: String,
    pub(super) events: Vec<Bytes>,
    pub(super) keep: Keep,
}

/// Appends of concurrent callers travel in one call. Those to one topic keep to one lane, so that they wait here for each
/// other, not on the server.
#[derive(Debug)]
pub(crate) struct Appends {
    coalescer: Coalescer<Appending>,
    timeout: Duration,
}

impl Appends {
    pub(crate) fn new(database: Arc<Database>) -> Self {
        Self { timeout: database.timeout, coalescer: Coalescer::new(Appending(database), BATCHES) }
    }

    pub(super) async fn submit(&self, append: Append) -> StoreResult<At<Range<Offset>>> {
        self.coalescer.submit(lane(append.topic.as_bytes()), append, self.timeout).await
    }
}

#[derive(Debug)]
struct Appending(Arc<Database>);

#[async_trait]
impl BatchExecutor for Appending {
    type Item = Append;
    type Answer = At<Range<Offset>>;
    const SITE: Site = site("append");
    const WRITES: bool = true;

    fn bytes(&self, append: &Append) -> usize {
        append.topic.len() + append.events.iter().map(Bytes::len).sum::<usize>()
    }

    async fn execute(
        &self,
        _lane: usize,
        appends: &[Append],
        deadline: Instant,
    ) -> StoreResult<Vec<StoreResult<At<Range<Offset>>>>> {
        let batch = Batch::of(appends);
        let rows = self.0.carry(batch.statement(&self.0), true, deadline).await;
        let answers = rows.and_then(|rows| batch.answers(appends, only(&rows)?));
        Ok(answers.map_err(|failure| failure.of_write(Self::SITE))?.into_iter().map(Ok).collect())
    }
}

/// Appends put together by topic, in their order.
#[derive(Default)]
struct Batch<'a> {
    names: Vec<&'a [u8]>,
    counts: Vec<i32>,
    sizes: Vec<i64>,
    keeps: Vec<Keep>,
    topics: Vec<i32>,
    ranks: Vec<i32>,
    payloads: Vec<&'a [u8]>,
    /// Of each append: its topic, and the rank of its first event there.
    places: Vec<(usize, i32)>,
}

impl<'a> Batch<'a> {
    fn of(appends: &'a [Append]) -> Self {
        let mut batch = Self::default();
        let mut known: HashMap<&str, usize> = HashMap::new();
        for append in appends {
            let topic = *known.entry(&append.topic).or_insert_with(|| {
                batch.names.push(append.topic.as_bytes());
                batch.counts.push(0);
                batch.sizes.push(0);
                batch.keeps.push(append.keep);
                batch.names.len() - 1
            });
            // What the last of them keeps holds, as it would had they come one by one.
            batch.keeps[topic] = append.keep;
            batch.places.push((topic, batch.counts[topic]));
            for event in &append.events {
                batch.topics.push(i32::try_from(topic + 1).unwrap_or(i32::MAX));
                batch.ranks.push(batch.counts[topic]);
                batch.payloads.push(event);
                batch.counts[topic] += 1;
                batch.sizes[topic] += number(event.len() as u64);
            }
        }
        batch
    }

    fn statement(&self, database: &Database) -> Statement {
        let keep_counts: Vec<i64> = self.keeps.iter().map(|keep| i64::from(keep.count)).collect();
        let keep_ages: Vec<i64> = self.keeps.iter().map(|keep| span(keep.age)).collect();
        let keep_bytes: Vec<i64> = self.keeps.iter().map(|keep| keep.max_bytes.map_or(i64::MAX, number)).collect();
        database
            .statement(include_str!("../../sql/event_append.sql"))
            .bind(database.at())
            .bind(database.namespace)
            .bind(&self.names)
            .bind(&self.counts)
            .bind(&self.sizes)
            .bind(keep_counts)
            .bind(keep_ages)
            .bind(keep_bytes)
            .bind(&self.topics)
            .bind(&self.ranks)
            .bind(&self.payloads)
    }

    fn answers(&self, appends: &[Append], row: &PgRow) -> Result<Vec<At<Range<Offset>>>, Failure> {
        let now = moment(get(row, "moment")?);
        let starts: Vec<i64> = get(row, "starts")?;
        let places = self.places.iter().zip(appends).map(|(&(topic, rank), append)| {
            let start = starts.get(topic).ok_or(Failure::Corrupt("an append without an offset"))?;
            let first = count(*start + i64::from(rank));
            Ok(At::new(now, Offset(first)..Offset(first + append.events.len() as u64)))
        });
        places.collect()
    }
}
