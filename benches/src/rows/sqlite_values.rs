use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use fastestmcp_store_sqlite::SqliteStore;

use crate::measure::{histogram, interleaved, percentile};
use crate::payload::{Walk, value};
use crate::raw::sqlite::{RawSqlite, rate};
use crate::report::{BenchError, BenchResult, Row, Target, Unit};
use crate::rows::Options;
use crate::rows::values::{SCOPES, Values, scope_ids, seed};

/// Commits of 1 KiB by 1, 16 and 256 callers against batches of as many upserts on the bare engine.
pub(crate) async fn commit_rows(options: &Options) -> BenchResult<Vec<Row>> {
    let mut rows = Vec::new();
    for (callers, target) in [(1, 0.6), (16, 0.8), (256, 0.85)] {
        let folder = options.folder()?;
        let values = Values::fill(Arc::new(SqliteStore::open(folder.path().join("ours.db")).await?)).await?;
        let mut raw = filled_raw(&folder.path().join("raw.db"))?;
        let mut took = histogram();
        let log = Watch::start(folder.path().join("ours.db-wal"));
        let (ours, theirs) = interleaved(
            async || {
                let (rate, round) = values.commits(callers, options.window()).await?;
                took += round;
                Ok(rate)
            },
            async || tokio::task::block_in_place(|| batches(&mut raw, callers, options.window())),
        )
        .await?;
        let name = format!("sqlite FULL: commit, {callers} callers / raw batches of {callers}");
        rows.push(Row { name, unit: Unit::PerSecond, ours, theirs: Some(theirs), target: Target::Ratio(target) });
        if callers == 16 {
            let alone = |name: &str, unit, ours, most| Row {
                name: format!("sqlite FULL: {name}, 16 callers"),
                unit,
                ours,
                theirs: None,
                target: Target::AtMost(most),
            };
            rows.push(alone("commit p99", Unit::Milliseconds, percentile(&took, 99.0), 6.0));
            rows.push(alone("largest log", Unit::Bytes, log.largest().await?, f64::from(64 << 20)));
        }
    }
    Ok(rows)
}

/// Loads by 16 callers against a bare connection in a loop on one thread.
pub(crate) async fn load_rows(options: &Options) -> BenchResult<Vec<Row>> {
    let folder = options.folder()?;
    let values = Values::fill(Arc::new(SqliteStore::open(folder.path().join("ours.db")).await?)).await?;
    let mut raw = filled_raw(&folder.path().join("raw.db"))?;
    let ids = scope_ids();
    let mut walk = Walk::new(seed());
    let (ours, theirs) = interleaved(
        async || values.loads(16, options.window()).await,
        async || {
            tokio::task::block_in_place(|| {
                rate(options.window(), || match raw.get(&ids[walk.below(SCOPES)])? {
                    Some(_) => Ok(()),
                    None => Err(BenchError::wrong("a raw value is missing")),
                })
            })
        },
    )
    .await?;
    let name = "sqlite: load, 16 callers / raw inline connection".to_owned();
    Ok(vec![Row { name, unit: Unit::PerSecond, ours, theirs: Some(theirs), target: Target::Ratio(0.5) }])
}

fn filled_raw(path: &Path) -> BenchResult<RawSqlite> {
    let mut raw = RawSqlite::create(path)?;
    for chunk in scope_ids().chunks(256) {
        let rows: Vec<_> = chunk.iter().map(|id| (id.as_str(), seed())).map(|(id, s)| (id, s, value(s))).collect();
        raw.put(&rows)?;
    }
    Ok(raw)
}

/// Rows per second in transactions of `batch` rows; asserts that the last ones are there.
fn batches(raw: &mut RawSqlite, batch: usize, window: Duration) -> BenchResult<f64> {
    let ids = scope_ids();
    let mut walk = Walk::new(seed());
    let mut last = Vec::new();
    let transactions = rate(window, || {
        last.clear();
        for i in 0..batch {
            let seed = seed();
            last.push((ids[walk.below(SCOPES / batch) * batch + i].as_str(), seed, value(seed)));
        }
        raw.put(&last)
    })?;
    for (id, _, value) in &last {
        if raw.get(id)?.as_deref() != Some(value.as_ref()) {
            return Err(BenchError::wrong("the raw side does not hold what it wrote last"));
        }
    }
    Ok(transactions * batch as f64)
}

/// Looks at the size of a file every 5 ms.
struct Watch {
    stop: tokio::sync::oneshot::Sender<()>,
    task: tokio::task::JoinHandle<u64>,
}

impl Watch {
    fn start(path: PathBuf) -> Self {
        let (stop, mut stopped) = tokio::sync::oneshot::channel();
        let task = tokio::spawn(async move {
            let mut largest = 0;
            while matches!(stopped.try_recv(), Err(tokio::sync::oneshot::error::TryRecvError::Empty)) {
                largest = largest.max(std::fs::metadata(&path).map_or(0, |file| file.len()));
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            largest
        });
        Self { stop, task }
    }

    async fn largest(self) -> BenchResult<f64> {
        drop(self.stop);
        Ok(self.task.await? as f64)
    }
}
