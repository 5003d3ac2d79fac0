//! Measures every row of the target table that this machine can: both sides in one run, interleaved.

mod caller;
mod http;
mod listener;
mod measure;
mod payload;
mod peer;
mod raw;
mod report;
mod rows;
mod served;
mod slow;

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use fastestmcp_benches::{Serving, serve};

use crate::peer::PeerPath;
use crate::report::{BenchError, BenchResult, Row};
use crate::rows::{
    Options, heap_rows, idle_rows, memory_load, memory_sessions, peer_rows, postgres_tasks, postgres_values,
    recovery_rows, redis_tasks, redis_values, scale_rows, server_rows, slow_rows, sqlite_values, start_rows, task_rows,
    trip_rows,
};

/// Prints both sides, the ratio, the target and pass or short.
#[derive(Debug, Parser)]
struct Args {
    /// Only groups whose name contains this.
    #[arg(default_value = "")]
    filter: String,
    /// Shorter rounds and smaller data: an impression, not a result.
    #[arg(long)]
    quick: bool,
    /// Where database files go: a folder on the device that matters. The system's folder for temporary files otherwise.
    #[arg(long)]
    folder: Option<PathBuf>,
    /// Another library to measure against: `NAME=PROGRAM`, as often as needed.
    #[arg(long)]
    peer: Vec<PeerPath>,
    /// Measures one footprint case in this process: `idle` or `one-key`, then how many sessions.
    #[arg(long, hide = true, num_args = 2)]
    footprint: Vec<String>,
    #[command(flatten)]
    serving: Serving,
}

const GROUPS: &[&str] = &[
    "memory.load",
    "memory.footprint",
    "memory.sweep",
    "sqlite.commit",
    "sqlite.load",
    "sqlite.peers",
    "sqlite.tasks",
    "sqlite.progress",
    "claim",
    "recovery",
    "start",
    "server",
    "server.trips",
    "server.slow",
    "idle",
    "idle.heap",
    "postgres.tasks",
    "postgres.snapshot",
    "postgres.commit",
    "postgres.load",
    "redis.tasks",
    "redis.values",
    "redis.scale",
    "postgres.scale",
];

#[tokio::main]
async fn main() -> ExitCode {
    match run(Args::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(args: Args) -> BenchResult<()> {
    let mut out = io::stdout();
    if let [case, sessions] = args.footprint.as_slice() {
        let sessions = sessions.parse().unwrap_or_default();
        return Ok(writeln!(out, "{}", memory_sessions::footprint(case, sessions).await?)?);
    }
    if let Some(store) = &args.serving.store {
        return serve(store, &args.serving, [], &mut out).await.map_err(BenchError::wrong);
    }
    let options =
        Options { quick: args.quick, folder: args.folder.unwrap_or_else(std::env::temp_dir), peers: args.peer };
    Row::print_head(&mut out)?;
    for group in GROUPS.iter().copied().filter(|group| group.contains(&args.filter)) {
        for row in measure_group(group, &options).await? {
            row.print(&mut out)?;
        }
    }
    Ok(())
}

async fn measure_group(group: &str, options: &Options) -> BenchResult<Vec<Row>> {
    match group {
        "memory.load" => memory_load::rows(options).await,
        "memory.footprint" => memory_sessions::footprint_rows(options),
        "memory.sweep" => memory_sessions::sweep_rows(options).await,
        "sqlite.commit" => sqlite_values::commit_rows(options).await,
        "sqlite.load" => sqlite_values::load_rows(options).await,
        "sqlite.peers" => peer_rows::value_rows(options).await,
        "sqlite.tasks" => peer_rows::task_rows(options).await,
        "sqlite.progress" => task_rows::progress_rows(options).await,
        "claim" => task_rows::claim_rows(options).await,
        "recovery" => recovery_rows::rows(options).await,
        "start" => start_rows::rows(options).await,
        "server" => server_rows::rows(options).await,
        "server.trips" => trip_rows::rows().await,
        "server.slow" => slow_rows::rows(options).await,
        "idle" => idle_rows::rows(options).await,
        "idle.heap" => heap_rows::rows(options).await,
        "postgres.tasks" => postgres_tasks::pipeline_rows(options).await,
        "postgres.snapshot" => postgres_tasks::snapshot_rows(options).await,
        "postgres.commit" => postgres_values::commit_rows(options).await,
        "postgres.load" => postgres_values::load_rows(options).await,
        "redis.tasks" => redis_tasks::pipeline_rows(options).await,
        "redis.values" => redis_values::rows(options).await,
        "redis.scale" => scale_rows::redis_rows(options).await,
        _ => scale_rows::postgres_rows(options).await,
    }
}
