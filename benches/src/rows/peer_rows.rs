use std::sync::Arc;

use fastestmcp_core::task::TaskBackend;
use fastestmcp_store_sqlite::SqliteStore;

use crate::measure::{interleaved, median};
use crate::report::{BenchResult, Row, Target, Unit};
use crate::rows::Options;
use crate::rows::tasks::{Crew, pipeline};
use crate::rows::values::Values;

const CALLERS: usize = 16;

/// Commits and loads by 16 callers against other ways to use SQLite from async code.
pub(crate) async fn value_rows(options: &Options) -> BenchResult<Vec<Row>> {
    let mut rows = Vec::new();
    for (verb, library, target) in
        [("commit", "tokio-rusqlite", 4.0), ("commit", "sqlx-sqlite", 8.0), ("load", "sqlx-sqlite", 5.0)]
    {
        let folder = options.folder()?;
        let values = Values::fill(Arc::new(SqliteStore::open(folder.path().join("ours.db")).await?)).await?;
        let window = options.window();
        let ours = async || match verb {
            "commit" => Ok(values.commits(CALLERS, window).await?.0),
            _ => values.loads(CALLERS, window).await,
        };
        let line = format!("{verb} {CALLERS} {}", window.as_millis());
        let (ours, theirs) = match options.peer(library)? {
            Some(mut peer) => {
                peer.open(&folder.path().join("theirs.db")).await?;
                let (ours, theirs) = interleaved(ours, async || peer.rate(&line).await).await?;
                (ours, Some(theirs))
            }
            None => (ours().await?, None),
        };
        let name = format!("sqlite FULL: {verb}, {CALLERS} callers / {library}");
        rows.push(Row { name, unit: Unit::PerSecond, ours, theirs, target: Target::Ratio(target) });
    }
    Ok(rows)
}

/// Tasks from insert over claim to completion, each step durable, against another queue on SQLite.
pub(crate) async fn task_rows(options: &Options) -> BenchResult<Vec<Row>> {
    let scale = if options.quick { 10 } else { 1 };
    let mut rows = Vec::new();
    for (what, crew, total, target) in [
        ("256 producers, claim batch 32", Crew { producers: 256, workers: 4, batch: 32 }, 20_000 / scale, 10.0),
        ("1 producer, 1 worker, batch 1", Crew { producers: 1, workers: 1, batch: 1 }, 2_000 / scale, 3.0),
    ] {
        let folder = options.folder()?;
        let store: Arc<dyn TaskBackend> = Arc::new(SqliteStore::open(folder.path().join("ours.db")).await?);
        let ours = async || pipeline(&store, crew, total).await;
        let (ours, theirs) = match options.peer("apalis-sqlite")? {
            Some(mut peer) => {
                peer.open(&folder.path().join("theirs.db")).await?;
                // The peer is slower by far: fewer tasks keep the rounds about as long.
                let line = format!("tasks {} {} {}", crew.producers, crew.batch, total / 8);
                let (ours, theirs) = interleaved(ours, async || peer.rate(&line).await).await?;
                (ours, Some(theirs))
            }
            None => (median(vec![ours().await?, ours().await?, ours().await?]), None),
        };
        let name = format!("sqlite FULL: tasks, {what} / apalis-sqlite");
        rows.push(Row { name, unit: Unit::PerSecond, ours, theirs, target: Target::Ratio(target) });
    }
    Ok(rows)
}
