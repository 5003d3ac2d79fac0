use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use fastestmcp_core::ids::digest;
use fastestmcp_core::session::{CommitRequest, CommitRule, Lifetime, Op, Scope, ScopeKind, SessionStateStore, Touch};
use fastestmcp_store_memory::MemoryStore;

use crate::measure::interleaved;
use crate::payload::{Walk, value};
use crate::raw::shards::ShardedMap;
use crate::report::{BenchError, BenchResult, Row, Target, Unit};
use crate::rows::Options;

const TASKS: usize = 16;
const SCOPES: usize = 10_000;
const KEY: &str = "value";
/// Both sides let other tasks run after so many loads.
const YIELD_EVERY: usize = 64;

/// Loads through `dyn SessionStateStore` against a bare sharded map with the same data.
pub(crate) async fn rows(options: &Options) -> BenchResult<Vec<Row>> {
    let id = |i: usize| digest(&[&i.to_le_bytes()]);
    let scopes: Arc<Vec<Scope>> = Arc::new((0..SCOPES).map(|i| Scope::new(ScopeKind::Session, id(i))).collect());
    let map = Arc::new(ShardedMap::new());
    let store: Arc<dyn SessionStateStore> = Arc::new(MemoryStore::new());
    let rule = CommitRule::CreateNew(Lifetime { ttl: Duration::from_secs(86_400), max_life: None });
    for (i, scope) in scopes.iter().enumerate() {
        let value = value(i as u64);
        map.insert(scope.clone(), KEY.to_owned(), value.clone());
        store.commit(CommitRequest::new(scope.clone(), rule, vec![Op::put(KEY, value)])).await?;
    }
    let loads = if options.quick { 50_000 } else { 200_000 };
    let mut rows = Vec::new();
    for (name, touch) in [
        ("memory: dyn load, 16 tasks / bare 64-shard map", None),
        ("memory: dyn load with touch, 16 tasks / bare map", Some(Touch::new(Duration::from_secs(86_400)))),
    ] {
        let (ours, theirs) = interleaved(
            async || load_store(&store, &scopes, loads, touch).await,
            async || load_map(&map, &scopes, loads).await,
        )
        .await?;
        let target = Target::Ratio(0.7);
        rows.push(Row { name: name.to_owned(), unit: Unit::PerSecond, ours, theirs: Some(theirs), target });
    }
    Ok(rows)
}

async fn load_store(
    store: &Arc<dyn SessionStateStore>,
    scopes: &Arc<Vec<Scope>>,
    loads: usize,
    touch: Option<Touch>,
) -> BenchResult<f64> {
    let start = Instant::now();
    let tasks = (0..TASKS).map(|task| {
        let (store, scopes) = (store.clone(), scopes.clone());
        tokio::spawn(async move {
            // Of the trait object itself: through the `Arc`'s own impl every future would be boxed twice.
            let store: &dyn SessionStateStore = &*store;
            let mut walk = Walk::new(task as u64 + 1);
            for i in 0..loads {
                let at = walk.below(SCOPES);
                let loaded = store.load(&scopes[at], &[KEY], touch).await?.value;
                check(at, loaded.entries.first().and_then(|entry| entry.as_ref()).map(|entry| &entry.value))?;
                if i % YIELD_EVERY == 0 {
                    tokio::task::yield_now().await;
                }
            }
            Ok::<(), BenchError>(())
        })
    });
    finish(tasks.collect(), start, loads).await
}

async fn load_map(map: &Arc<ShardedMap>, scopes: &Arc<Vec<Scope>>, loads: usize) -> BenchResult<f64> {
    let start = Instant::now();
    let tasks = (0..TASKS).map(|task| {
        let (map, scopes) = (map.clone(), scopes.clone());
        tokio::spawn(async move {
            let mut walk = Walk::new(task as u64 + 1);
            for i in 0..loads {
                let at = walk.below(SCOPES);
                check(at, map.get(&scopes[at], KEY).as_ref())?;
                if i % YIELD_EVERY == 0 {
                    tokio::task::yield_now().await;
                }
            }
            Ok::<(), BenchError>(())
        })
    });
    finish(tasks.collect(), start, loads).await
}

/// A value starts with its number.
fn check(at: usize, value: Option<&Bytes>) -> BenchResult<()> {
    match value.and_then(|value| value.first_chunk::<8>()) {
        Some(head) if u64::from_le_bytes(*head) == at as u64 => Ok(()),
        _ => Err(BenchError::wrong(format!("scope {at} holds another value"))),
    }
}

async fn finish(
    tasks: Vec<tokio::task::JoinHandle<BenchResult<()>>>,
    start: Instant,
    loads: usize,
) -> BenchResult<f64> {
    for task in tasks {
        task.await??;
    }
    Ok((TASKS * loads) as f64 / start.elapsed().as_secs_f64())
}
