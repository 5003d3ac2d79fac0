use std::sync::Arc;
use std::time::Duration;

use tokio::process::Command;

use crate::measure::interleaved;
use crate::payload::VALUE_BYTES;
use crate::raw::redis::RawRedis;
use crate::report::{BenchError, BenchResult, Row, Target, Unit};
use crate::rows::Options;
use crate::rows::redis::Server;
use crate::rows::values::{SCOPES, Values};

const CALLERS: usize = 256;

/// Commits and loads of 1 KiB by 256 callers against plain commands on one connection, by the same client and by
/// Redis's own benchmark.
pub(crate) async fn rows(options: &Options) -> BenchResult<Vec<Row>> {
    let server = Server::in_memory()?;
    let values = Values::fill(Arc::new(server.open("ours").await?)).await?;
    let raw = RawRedis::fill(server.url()).await?;
    let window = options.window();
    let commits = async || Ok(values.commits(CALLERS, window).await?.0);
    let row = |what: &str, (ours, theirs), target| Row {
        name: format!("redis: {what}"),
        unit: Unit::PerSecond,
        ours,
        theirs: Some(theirs),
        target,
    };
    let plain = interleaved(commits, async || raw.sets(CALLERS, window).await).await?;
    let benchmark = interleaved(commits, async || redis_benchmark(server.port()?, window).await).await?;
    let loads = async || values.loads(CALLERS, window).await;
    let gets = interleaved(loads, async || raw.gets(CALLERS, window).await).await?;
    Ok(vec![
        row("commit, 256 callers / redis-rs SET PX", plain, Target::Ratio(0.65)),
        // Its values are all the same and it awaits nothing: what the server can do at most.
        row("commit, 256 callers / redis-benchmark SET -P 256", benchmark, Target::Shown),
        row("load, 256 callers / redis-rs GET", gets, Target::Ratio(0.85)),
    ])
}

/// `SET` by Redis's own benchmark on one connection, as deep as we have callers, per second.
async fn redis_benchmark(port: u16, window: Duration) -> BenchResult<f64> {
    // About as long as a round at a rate that this machine can reach.
    let requests = (window.as_secs_f64() * 200_000.0) as u64;
    let output = Command::new("redis-benchmark")
        .args(["-t", "set", "-c", "1", "--csv", "-d", &VALUE_BYTES.to_string(), "-r", &SCOPES.to_string()])
        .args(["-P", &CALLERS.to_string(), "-p", &port.to_string(), "-n", &requests.to_string()])
        .output()
        .await?;
    let text = String::from_utf8_lossy(&output.stdout);
    let rate = text.lines().find_map(|line| line.strip_prefix("\"SET\",\"")?.split('"').next()?.parse().ok());
    rate.ok_or_else(|| BenchError::wrong(format!("redis-benchmark: {text}")))
}
