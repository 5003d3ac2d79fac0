//! Callers that commit to and load from a store as fast as they can.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use fastestmcp_core::ids::digest;
use fastestmcp_core::session::{
    CommitOutcome, CommitRequest, CommitRule, Lifetime, Op, Scope, ScopeKind, SessionStateStore, SessionStateStoreExt,
};
use hdrhistogram::Histogram;

use crate::measure::{histogram, record};
use crate::payload::{Walk, value};
use crate::report::{BenchError, BenchResult};

/// Scopes with one key each.
pub(crate) const SCOPES: usize = 10_240;
const KEY: &str = "value";

/// Every value written by anybody in this process differs.
static SEED: AtomicU64 = AtomicU64::new(1);

/// The next seed of a value.
pub(crate) fn seed() -> u64 {
    SEED.fetch_add(1, Ordering::Relaxed)
}

/// The ids of the scopes that every side uses.
pub(crate) fn scope_ids() -> Vec<String> {
    (0..SCOPES).map(|i| digest(&[&i.to_le_bytes()])).collect()
}

/// A store with all scopes and a value in each.
#[derive(Clone)]
pub(crate) struct Values {
    store: Arc<dyn SessionStateStore>,
    scopes: Arc<Vec<Scope>>,
}

impl Values {
    pub(crate) async fn fill(store: Arc<dyn SessionStateStore>) -> BenchResult<Self> {
        Self::fill_named(store, scope_ids()).await
    }

    /// With scopes of these names, as many as [`SCOPES`].
    pub(crate) async fn fill_named(store: Arc<dyn SessionStateStore>, ids: Vec<String>) -> BenchResult<Self> {
        let scopes = ids.into_iter().map(|id| Scope::new(ScopeKind::Session, id)).collect();
        let values = Self { store, scopes: Arc::new(scopes) };
        let rule = CommitRule::CreateNew(Lifetime { ttl: Duration::from_secs(86_400), max_life: None });
        for chunk in 0..SCOPES / 256 {
            let commits = (0..256).map(|i| values.commit(chunk * 256 + i, rule, seed()));
            futures_util::future::try_join_all(commits).await?;
        }
        Ok(values)
    }

    async fn commit(&self, scope: usize, rule: CommitRule, seed: u64) -> BenchResult<()> {
        let request = CommitRequest::new(self.scopes[scope].clone(), rule, vec![Op::put(KEY, value(seed))]);
        match (*self.store).commit(request).await?.value {
            CommitOutcome::Committed(_) => Ok(()),
            other => Err(BenchError::wrong(format!("a commit answered {other:?}"))),
        }
    }

    /// Commits by so many callers at once for a while: commits per second, and how long each took. Asserts that what
    /// each caller wrote last is there.
    pub(crate) async fn commits(&self, callers: usize, window: Duration) -> BenchResult<(f64, Histogram<u64>)> {
        let start = Instant::now();
        let tasks: Vec<_> =
            (0..callers).map(|caller| tokio::spawn(self.clone().caller(caller, callers, window))).collect();
        let outcomes = futures_util::future::try_join_all(tasks).await?;
        let elapsed = start.elapsed();
        let (mut all, mut commits) = (histogram(), 0);
        for outcome in outcomes {
            let (took, last) = outcome?;
            commits += took.len();
            took.into_iter().for_each(|took| record(&mut all, took));
            for (scope, seed) in last {
                self.check(scope, seed).await?;
            }
        }
        Ok((commits as f64 / elapsed.as_secs_f64(), all))
    }

    /// One caller, on scopes of its own. How long each commit took is noted, and put into a histogram when all is over:
    /// the other side of a row keeps none.
    async fn caller(self, caller: usize, callers: usize, window: Duration) -> BenchResult<(Vec<Duration>, Last)> {
        let (mut took, mut last) = (Vec::new(), HashMap::new());
        let mut walk = Walk::new(seed());
        let start = Instant::now();
        while start.elapsed() < window {
            let (scope, seed) = (walk.below(SCOPES / callers) * callers + caller, seed());
            let before = Instant::now();
            self.commit(scope, CommitRule::Existing, seed).await?;
            took.push(before.elapsed());
            last.insert(scope, seed);
        }
        Ok((took, last))
    }

    async fn check(&self, scope: usize, seed: u64) -> BenchResult<()> {
        match self.store.get(&self.scopes[scope], KEY).await? {
            Some(entry) if entry.value == value(seed) => Ok(()),
            _ => Err(BenchError::wrong(format!("scope {scope} does not hold what was acknowledged last"))),
        }
    }

    /// Loads by so many callers at once for a while, per second.
    pub(crate) async fn loads(&self, callers: usize, window: Duration) -> BenchResult<f64> {
        let start = Instant::now();
        let tasks: Vec<_> = (0..callers).map(|_| tokio::spawn(self.clone().loader(window))).collect();
        let mut loads = 0;
        for task in tasks {
            loads += task.await??;
        }
        Ok(loads as f64 / start.elapsed().as_secs_f64())
    }

    async fn loader(self, window: Duration) -> BenchResult<u64> {
        let mut walk = Walk::new(seed());
        let (start, mut loads) = (Instant::now(), 0);
        while start.elapsed() < window {
            let scope = &self.scopes[walk.below(SCOPES)];
            let loaded = (*self.store).load(scope, &[KEY], None).await?.value;
            if loaded.entries.first().is_none_or(|entry| entry.is_none()) {
                return Err(BenchError::wrong("a loaded value is missing"));
            }
            loads += 1;
        }
        Ok(loads)
    }
}

/// What was written last to each scope.
type Last = HashMap<usize, u64>;
