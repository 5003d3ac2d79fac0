use std::sync::Arc;

use fastestmcp_core::task::TaskBackend;

use crate::measure::{interleaved, median};
use crate::report::{BenchResult, Row, Target, Unit};
use crate::rows::Options;
use crate::rows::redis::Server;
use crate::rows::tasks::{Crew, pipeline};

const BATCHED: Crew = Crew { producers: 16, workers: 1, batch: 16 };
const ONE_BY_ONE: Crew = Crew { producers: 16, workers: 1, batch: 1 };

/// Tasks of 16 producers from insert over claim to completion: in batches, one by one, and by another queue on the same
/// server; with a server that has every write on the device before it answers, and with one that writes nothing there.
pub(crate) async fn pipeline_rows(options: &Options) -> BenchResult<Vec<Row>> {
    let mut rows = rows_of("redis, every write on the device", &Server::durable()?, options).await?;
    rows.extend(rows_of("redis, in memory", &Server::in_memory()?, options).await?);
    Ok(rows)
}

async fn rows_of(backend: &str, server: &Server, options: &Options) -> BenchResult<Vec<Row>> {
    let scale = if options.quick { 10 } else { 1 };
    let store: Arc<dyn TaskBackend> = Arc::new(server.open("ours").await?);
    let row = |other: &str, ours, theirs, target| Row {
        name: format!("{backend}: tasks, claim batch 16 / {other}"),
        unit: Unit::PerSecond,
        ours,
        theirs,
        target: Target::Ratio(target),
    };
    let batched = async || pipeline(&store, BATCHED, 20_000 / scale).await;
    let single = async || pipeline(&store, ONE_BY_ONE, 4_000 / scale).await;
    let (ours, theirs) = interleaved(batched, single).await?;
    let mut rows = vec![row("one by one", ours, Some(theirs), 4.0)];
    rows.push(match options.peer("pydocket")? {
        Some(mut peer) => {
            peer.open(server.path()).await?;
            // The peer is slower by far: fewer tasks keep the rounds about as long.
            let line = format!("tasks {} {} {}", BATCHED.producers, BATCHED.batch, 1_000 / scale);
            let (ours, theirs) = interleaved(batched, async || peer.rate(&line).await).await?;
            row("pydocket", ours, Some(theirs), 20.0)
        }
        None => row("pydocket", median(vec![batched().await?, batched().await?, batched().await?]), None, 20.0),
    });
    Ok(rows)
}
