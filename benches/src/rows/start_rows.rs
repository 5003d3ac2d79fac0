use std::sync::Arc;
use std::time::{Duration, Instant};

use fastestmcp_core::Stores;
use fastestmcp_core::component::{NoArgs, TaskPolicy, Tool};
use fastestmcp_core::principal::Principal;
use fastestmcp_core::runtime::Runtime;
use fastestmcp_store_sqlite::SqliteStore;
use serde_json::Value;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use crate::measure::{histogram, percentile, record};
use crate::report::{BenchError, BenchResult, Row, Target, Unit};
use crate::rows::{Options, postgres, redis};

const TOOL: &str = "start";
/// Between two tasks, so that the worker is idle again.
const PAUSE: Duration = Duration::from_millis(20);

/// From the submission of a task on one node to its start on an idle worker of another.
pub(crate) async fn rows(options: &Options) -> BenchResult<Vec<Row>> {
    let tasks = if options.quick { 50 } else { 500 };
    let folder = options.folder()?;
    let sqlite =
        async || -> BenchResult<Stores> { Ok(Stores::of(SqliteStore::open(folder.path().join("ours.db")).await?)) };
    let mut rows = rows_of("sqlite FULL", sqlite().await?, sqlite().await?, tasks).await?;
    let server = redis::Server::durable()?;
    let redis = async || -> BenchResult<Stores> { Ok(Stores::of(server.open("start").await?)) };
    rows.extend(rows_of("redis", redis().await?, redis().await?, tasks).await?);
    let server = postgres::Server::start()?;
    let postgres = async || -> BenchResult<Stores> { Ok(Stores::of(server.open("start").await?)) };
    rows.extend(rows_of("postgres", postgres().await?, postgres().await?, tasks).await?);
    Ok(rows)
}

async fn rows_of(backend: &str, front: Stores, back: Stores, tasks: usize) -> BenchResult<Vec<Row>> {
    let (told, mut started) = unbounded_channel();
    let front = node(front, &told).await?;
    let back = node(back, &told).await?;
    back.start();
    let client = front.local(Principal::Local("bench".to_owned()));
    let mut took = histogram();
    for _ in 0..tasks {
        tokio::time::sleep(PAUSE).await;
        let submitted = Instant::now();
        client.start(TOOL, Value::Null).await.map_err(BenchError::wrong)?;
        let at: Instant = started.recv().await.ok_or_else(|| BenchError::wrong("the worker is gone"))?;
        record(&mut took, at.duration_since(submitted));
    }
    back.shutdown().await;
    let row = |percent: f64, most: f64| Row {
        name: format!("{backend}: submission to start elsewhere, p{percent:.0}"),
        unit: Unit::Milliseconds,
        ours: percentile(&took, percent),
        theirs: None,
        target: Target::AtMost(most),
    };
    Ok(vec![row(50.0, 5.0), row(99.0, 50.0)])
}

/// A node with the tool that tells when it starts.
async fn node(stores: Stores, told: &UnboundedSender<Instant>) -> BenchResult<Runtime> {
    let tool =
        Tool::with_state(TOOL, Arc::new(told.clone()), async |told: Arc<UnboundedSender<Instant>>, _, _: NoArgs| {
            // Whoever measured may have had enough.
            let _ = told.send(Instant::now());
            Ok("started")
        });
    let tool = tool.task(TaskPolicy::required());
    Runtime::builder(stores).tool(tool).build().await.map_err(BenchError::wrong)
}
