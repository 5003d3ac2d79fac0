use std::sync::Arc;
use std::time::{Duration, Instant};

use redis::aio::MultiplexedConnection;

use crate::payload::{Walk, value};
use crate::report::{BenchError, BenchResult};
use crate::rows::values::{SCOPES, scope_ids, seed};

/// What `SET` lets a key live, in milliseconds.
const LIFE: u64 = 86_400_000;

/// The plain client: one command per call, many calls at once on one connection.
#[derive(Clone)]
pub(crate) struct RawRedis {
    connection: MultiplexedConnection,
    keys: Arc<Vec<String>>,
}

impl RawRedis {
    /// Connects, and sets all keys.
    pub(crate) async fn fill(url: &str) -> BenchResult<Self> {
        let connection = redis::Client::open(url)?.get_multiplexed_async_connection().await?;
        let raw = Self { connection, keys: Arc::new(scope_ids()) };
        for key in 0..SCOPES {
            raw.set(key, seed()).await?;
        }
        Ok(raw)
    }

    async fn set(&self, key: usize, seed: u64) -> BenchResult<()> {
        let mut set = redis::cmd("SET");
        set.arg(&self.keys[key]).arg(&value(seed)[..]).arg("PX").arg(LIFE);
        Ok(set.query_async(&mut self.connection.clone()).await?)
    }

    async fn get(&self, key: usize) -> BenchResult<()> {
        let found: Option<Vec<u8>> =
            redis::cmd("GET").arg(&self.keys[key]).query_async(&mut self.connection.clone()).await?;
        found.map(drop).ok_or_else(|| BenchError::wrong("a value of the plain client is missing"))
    }

    /// `SET … PX` by so many callers at once for a while, per second.
    pub(crate) async fn sets(&self, callers: usize, window: Duration) -> BenchResult<f64> {
        self.rate(callers, window, true).await
    }

    /// `GET` by so many callers at once for a while, per second.
    pub(crate) async fn gets(&self, callers: usize, window: Duration) -> BenchResult<f64> {
        self.rate(callers, window, false).await
    }

    async fn rate(&self, callers: usize, window: Duration, writes: bool) -> BenchResult<f64> {
        let start = Instant::now();
        let callers: Vec<_> = (0..callers).map(|_| tokio::spawn(self.clone().caller(window, writes))).collect();
        let mut steps = 0;
        for caller in callers {
            steps += caller.await??;
        }
        Ok(steps as f64 / start.elapsed().as_secs_f64())
    }

    async fn caller(self, window: Duration, writes: bool) -> BenchResult<u64> {
        let (start, mut walk, mut steps) = (Instant::now(), Walk::new(seed()), 0);
        while start.elapsed() < window {
            let key = walk.below(SCOPES);
            if writes {
                self.set(key, seed()).await?;
            } else {
                self.get(key).await?;
            }
            steps += 1;
        }
        Ok(steps)
    }
}
