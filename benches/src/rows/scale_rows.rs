use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use fastestmcp_core::ids::digest;
use fastestmcp_core::session::{
    CommitOutcome, CommitRequest, CommitRule, Lifetime, Op, Scope, ScopeKind, SessionStateStore, SessionStateStoreExt,
};
use futures_util::future::try_join_all;

use crate::measure::interleaved;
use crate::payload::{Walk, bytes_of};
use crate::report::{BenchError, BenchResult, Row, Target, Unit};
use crate::rows::values::seed;
use crate::rows::{Options, postgres, redis};

const CALLERS: usize = 64;
const KEYS_PER_SCOPE: usize = 10;
const FEW: usize = 10_000;
/// What every key holds: small, so that the keys are what fills the memory.
const VALUE: usize = 64;

/// On a Redis that writes nothing to the device.
pub(crate) async fn redis_rows(options: &Options) -> BenchResult<Vec<Row>> {
    let server = redis::Server::in_memory()?;
    rows("redis", Arc::new(server.open("few").await?), Arc::new(server.open("many").await?), options).await
}

/// On a Postgres that does.
pub(crate) async fn postgres_rows(options: &Options) -> BenchResult<Vec<Row>> {
    let server = postgres::Server::start()?;
    rows("postgres", Arc::new(server.open("few").await?), Arc::new(server.open("many").await?), options).await
}

/// Loads and commits where there are many keys against where there are few.
async fn rows(
    backend: &str,
    few: Arc<dyn SessionStateStore>,
    full: Arc<dyn SessionStateStore>,
    options: &Options,
) -> BenchResult<Vec<Row>> {
    let many = if options.quick { 500_000 } else { 10_000_000 };
    let (few, full) = (Keys::fill(few, FEW).await?, Keys::fill(full, many).await?);
    let mut rows = Vec::new();
    for (verb, writes) in [("load", false), ("commit", true)] {
        let window = options.window();
        let (ours, theirs) =
            interleaved(async || full.rate(window, writes).await, async || few.rate(window, writes).await).await?;
        rows.push(Row {
            name: format!("{backend}: {verb}, {many} keys / {FEW}"),
            unit: Unit::PerSecond,
            ours,
            theirs: Some(theirs),
            target: Target::Ratio(0.7),
        });
    }
    Ok(rows)
}

/// A store with so many keys, ten to a scope.
#[derive(Clone)]
struct Keys {
    store: Arc<dyn SessionStateStore>,
    count: usize,
}

impl Keys {
    async fn fill(store: Arc<dyn SessionStateStore>, count: usize) -> BenchResult<Self> {
        let keys = Self { store, count };
        let scopes = count / KEYS_PER_SCOPE;
        for chunk in 0..scopes.div_ceil(CALLERS) {
            let scopes = chunk * CALLERS..scopes.min((chunk + 1) * CALLERS);
            try_join_all(scopes.map(|scope| keys.found(scope))).await?;
        }
        Ok(keys)
    }

    async fn found(&self, scope: usize) -> BenchResult<()> {
        let rule = CommitRule::CreateNew(Lifetime { ttl: Duration::from_secs(86_400), max_life: None });
        let ops = (0..KEYS_PER_SCOPE).map(|key| Op::put(key.to_string(), new_value())).collect();
        self.commit(CommitRequest::new(scope_at(scope), rule, ops)).await
    }

    async fn commit(&self, request: CommitRequest) -> BenchResult<()> {
        match (*self.store).commit(request).await?.value {
            CommitOutcome::Committed(_) => Ok(()),
            other => Err(BenchError::wrong(format!("a commit answered {other:?}"))),
        }
    }

    async fn rate(&self, window: Duration, writes: bool) -> BenchResult<f64> {
        let start = Instant::now();
        let callers: Vec<_> = (0..CALLERS).map(|_| tokio::spawn(self.clone().caller(window, writes))).collect();
        let mut steps = 0;
        for caller in callers {
            steps += caller.await??;
        }
        Ok(steps as f64 / start.elapsed().as_secs_f64())
    }

    async fn caller(self, window: Duration, writes: bool) -> BenchResult<u64> {
        let (start, mut walk, mut steps) = (Instant::now(), Walk::new(seed()), 0);
        while start.elapsed() < window {
            let at = walk.below(self.count);
            let (scope, key) = (scope_at(at / KEYS_PER_SCOPE), (at % KEYS_PER_SCOPE).to_string());
            if writes {
                let ops = vec![Op::put(key, new_value())];
                self.commit(CommitRequest::new(scope, CommitRule::Existing, ops)).await?;
            } else if self.store.get(&scope, &key).await?.is_none() {
                return Err(BenchError::wrong("a loaded value is missing"));
            }
            steps += 1;
        }
        Ok(steps)
    }
}

fn scope_at(index: usize) -> Scope {
    Scope::new(ScopeKind::Session, digest(&[&index.to_le_bytes()]))
}

fn new_value() -> Bytes {
    bytes_of(seed(), VALUE)
}
