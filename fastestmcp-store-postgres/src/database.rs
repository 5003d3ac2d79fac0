use std::sync::Arc;
use std::time::Duration;

use fastestmcp_core::backend::{At, Durability, Site, Ticket, carry_out};
use fastestmcp_core::error::{StoreError, StoreResult};
use fastestmcp_core::ids::digest_bytes;
use fastestmcp_core::limits::{Limits, Refused};
use fastestmcp_core::time::{Clock, StoreTime};
use sqlx::SqlStr;
use sqlx::postgres::PgRow;
use tokio::time::Instant;

use crate::config::PostgresConfig;
use crate::error::{BACKEND, Failure};
use crate::pool::{Access, Deadlines, Greeting, Pool};
use crate::schema::Schema;
use crate::statement::Statement;

/// One namespace of one schema, and the way there: what every operation is carried out on.
#[derive(Debug)]
pub(crate) struct Database {
    pub(crate) pool: Pool,
    pub(crate) limits: Limits,
    /// Longest time of an operation.
    pub(crate) timeout: Duration,
    /// `namespace.id`.
    pub(crate) namespace: i32,
    schema: Schema,
    clock: Option<Arc<dyn Clock>>,
}

impl Database {
    pub(crate) fn new(config: &PostgresConfig, promised: Durability, schema: Schema, namespace: i32) -> Self {
        let inject = include_str!("../sql/clock_inject.sql").replace("{space}", &namespace.to_string());
        let greeting = Greeting {
            open: schema.render(include_str!("../sql/connection_open.sql")),
            space: namespace,
            name: config.namespace.as_str().as_bytes().to_vec(),
            clock: config.clock.as_ref().map(|_| schema.render_text(&inject)),
        };
        Self {
            pool: Pool::new(config, promised, greeting),
            limits: Limits::default(),
            timeout: config.timeout,
            namespace,
            schema,
            clock: config.clock.clone(),
        }
    }

    /// One of our statements, for this schema.
    pub(crate) fn statement(&self, sql: &'static str) -> Statement {
        Statement::new(self.sql(sql))
    }

    pub(crate) fn sql(&self, sql: &'static str) -> SqlStr {
        self.schema.render(sql)
    }

    /// What our functions take as `at`: an injected clock's moment, else NULL (G2).
    pub(crate) fn at(&self) -> Option<i64> {
        self.clock.as_ref().map(|clock| millis(clock.now()))
    }

    /// The key of the advisory lock that stands for `parts` of this namespace.
    pub(crate) fn lock_key(&self, parts: &[&[u8]]) -> i64 {
        let namespace = self.namespace.to_be_bytes();
        let mut all: Vec<&[u8]> = vec![self.schema.name().as_bytes(), &namespace];
        all.extend_from_slice(parts);
        let digest = digest_bytes(&all);
        let mut key = [0; 8];
        key.copy_from_slice(&digest[..8]);
        i64::from_be_bytes(key)
    }

    /// Carries out a read and makes an answer of its rows.
    pub(crate) async fn read<T: Send + 'static>(
        self: &Arc<Self>,
        site: Site,
        statement: Statement,
        answer: impl FnOnce(Vec<PgRow>) -> Result<T, Failure> + Send + 'static,
    ) -> StoreResult<T> {
        self.read_within(self.timeout, site, statement, answer).await
    }

    /// As [`Database::read`], as the second step of an operation that has this long left.
    pub(crate) async fn read_within<T: Send + 'static>(
        self: &Arc<Self>,
        timeout: Duration,
        site: Site,
        statement: Statement,
        answer: impl FnOnce(Vec<PgRow>) -> Result<T, Failure> + Send + 'static,
    ) -> StoreResult<T> {
        let database = self.clone();
        carry_out(site, timeout, move |_| async move {
            let rows = database.pool.run(&statement, Access::Read, Deadlines::after(timeout)).await;
            rows.and_then(answer).map_err(|failure| failure.of_read(site))
        })
        .await
    }

    /// Carries out a read without locks, a statement that lacks its last argument: as of when. What looks expired may be
    /// about to be extended by a write that read the clock in time and is not committed yet. Such writes are waited for,
    /// and the read is repeated as of the same moment.
    pub(crate) async fn look<T: Send + 'static>(
        self: &Arc<Self>,
        site: Site,
        statement: Statement,
        answer: impl Fn(&Self, &[PgRow]) -> Result<Seen<T>, Failure> + Send + Sync + 'static,
    ) -> StoreResult<At<T>> {
        let database = self.clone();
        carry_out(site, self.timeout, move |_| async move {
            let deadlines = Deadlines::after(database.timeout);
            let look = async |as_of: Option<StoreTime>| {
                let statement = statement.clone().bind(as_of.map(millis));
                answer(&database, &database.pool.run(&statement, Access::Read, deadlines).await?)
            };
            let looked = async {
                let first = look(None).await?;
                if first.doubts.is_empty() {
                    return Ok(first.answer);
                }
                for settle in &first.doubts {
                    database.pool.run(settle, Access::Read, deadlines).await?;
                }
                Ok(look(Some(first.answer.now)).await?.answer)
            };
            looked.await.map_err(|failure: Failure| failure.of_read(site))
        })
        .await
    }

    /// Carries out a write and makes an answer of its rows.
    pub(crate) async fn write<T: Send + 'static>(
        self: &Arc<Self>,
        site: Site,
        statement: Statement,
        answer: impl FnOnce(Vec<PgRow>) -> Result<T, Failure> + Send + 'static,
    ) -> StoreResult<T> {
        self.write_within(self.timeout, site, statement, answer).await
    }

    /// As [`Database::write`], as the second step of an operation that has this long left.
    pub(crate) async fn write_within<T: Send + 'static>(
        self: &Arc<Self>,
        timeout: Duration,
        site: Site,
        statement: Statement,
        answer: impl FnOnce(Vec<PgRow>) -> Result<T, Failure> + Send + 'static,
    ) -> StoreResult<T> {
        let database = self.clone();
        carry_out(site, timeout, move |ticket| async move {
            let rows = database.pool.run(&statement, Access::Write(&ticket), Deadlines::after(timeout)).await;
            rows.and_then(answer).map_err(|failure| failure.of_write(site))
        })
        .await
    }

    /// Carries out a run of many callers' reads or writes, the first of whom gives up at `deadline`.
    pub(crate) async fn carry(
        &self,
        statement: Statement,
        writes: bool,
        deadline: Instant,
    ) -> Result<Vec<PgRow>, Failure> {
        let lease = deadline.checked_sub(self.timeout / 20).unwrap_or(deadline);
        let deadlines = Deadlines { lease, answer: Instant::now() + self.timeout };
        let ticket = Ticket::new();
        let access = if writes { Access::Write(&ticket) } else { Access::Read };
        self.pool.run(&statement, access, deadlines).await
    }
}

/// What a read without locks found.
pub(crate) struct Seen<T> {
    pub(crate) answer: At<T>,
    /// Statements that wait for the writes which may extend what looked expired.
    pub(crate) doubts: Vec<Statement>,
}

/// What a refused request is answered with.
pub(crate) fn refuse(operation: &'static str) -> impl FnOnce(Refused) -> StoreError {
    move |refused| refused.into_error(BACKEND, operation)
}

/// A stored moment.
pub(crate) fn moment(millis: i64) -> StoreTime {
    StoreTime::from_millis(u64::try_from(millis).unwrap_or(0))
}

/// A moment as it is stored.
pub(crate) fn millis(moment: StoreTime) -> i64 {
    number(moment.as_millis())
}

/// A span as our functions take it, in whole milliseconds.
pub(crate) fn span(duration: Duration) -> i64 {
    number(fastestmcp_core::time::millis(duration))
}

/// A number of ours as Postgres has it. All of them stay below 2^53.
pub(crate) fn number(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// A stored number that is never negative.
pub(crate) fn count(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}
