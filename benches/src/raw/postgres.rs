use std::sync::Arc;
use std::time::{Duration, Instant};

use fastestmcp_test_servers::Postgres;
use sqlx::Row;
use sqlx::postgres::{PgPool, PgPoolOptions};

use crate::payload::{Walk, value};
use crate::report::{BenchError, BenchResult};
use crate::rows::values::{SCOPES, scope_ids, seed};

/// Connections of the pool.
const POOL: u32 = 8;
const KEY: &[u8] = b"value";

/// The bare engine: one table of the same shape, one upsert per statement, prepared, through a pool.
#[derive(Clone)]
pub(crate) struct RawPostgres {
    pool: PgPool,
    ids: Arc<Vec<String>>,
}

impl RawPostgres {
    pub(crate) async fn fill(server: &Postgres) -> BenchResult<Self> {
        let pool = PgPoolOptions::new().max_connections(POOL).test_before_acquire(false).connect(server.url()).await?;
        sqlx::query(include_str!("../../sql/postgres_create.sql")).execute(&pool).await?;
        let raw = Self { pool, ids: Arc::new(scope_ids()) };
        for first in (0..SCOPES).step_by(64) {
            futures_util::future::try_join_all((first..first + 64).map(|scope| raw.put(scope, seed()))).await?;
        }
        Ok(raw)
    }

    async fn put(&self, scope: usize, seed: u64) -> BenchResult<()> {
        let put = sqlx::query(include_str!("../../sql/postgres_put.sql"));
        let put = put.bind(self.ids[scope].as_bytes()).bind(KEY).bind(seed.cast_signed()).bind(&value(seed)[..]);
        put.execute(&self.pool).await?;
        Ok(())
    }

    /// Upserts by so many callers at once for a while, per second. Asserts that what each wrote last is there.
    pub(crate) async fn puts(&self, callers: usize, window: Duration) -> BenchResult<f64> {
        let start = Instant::now();
        let tasks: Vec<_> =
            (0..callers).map(|caller| tokio::spawn(self.clone().caller(caller, callers, window))).collect();
        let mut last = Vec::new();
        let mut puts = 0;
        for task in tasks {
            let (made, newest) = task.await??;
            puts += made;
            last.push(newest);
        }
        let rate = f64::from(puts) / start.elapsed().as_secs_f64();
        for (scope, seed) in last {
            let get =
                sqlx::query(include_str!("../../sql/postgres_get.sql")).bind(self.ids[scope].as_bytes()).bind(KEY);
            if get.fetch_one(&self.pool).await?.try_get::<Vec<u8>, _>(0)? != value(seed) {
                return Err(BenchError::wrong("the raw side does not hold what it wrote last"));
            }
        }
        Ok(rate)
    }

    /// One caller, on scopes of its own.
    async fn caller(self, caller: usize, callers: usize, window: Duration) -> BenchResult<(u32, (usize, u64))> {
        let mut walk = Walk::new(seed());
        let (start, mut puts, mut last) = (Instant::now(), 0, (caller, 0));
        while start.elapsed() < window || puts == 0 {
            last = (walk.below(SCOPES / callers) * callers + caller, seed());
            self.put(last.0, last.1).await?;
            puts += 1;
        }
        Ok((puts, last))
    }
}
