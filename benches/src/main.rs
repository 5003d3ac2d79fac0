//! Measures every row of the target table that this machine can: both sides in one run, interleaved.

mod measure;
mod payload;
mod raw;
mod report;
mod rows;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;

use crate::report::{BenchResult, Row};
use crate::rows::{Options, memory_load, memory_sessions};

/// Prints both sides, the ratio, the target and pass or short.
#[derive(Debug, Parser)]
struct Args {
    /// Only groups whose name contains this.
    #[arg(default_value = "")]
    filter: String,
    /// Shorter rounds and smaller data: an impression, not a result.
    #[arg(long)]
    quick: bool,
    /// Measures one footprint case in this process: `idle` or `one-key`, then how many sessions.
    #[arg(long, hide = true, num_args = 2)]
    footprint: Vec<String>,
}

const GROUPS: [&str; 3] = ["memory.load", "memory.footprint", "memory.sweep"];

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
    let options = Options { quick: args.quick };
    Row::print_head(&mut out)?;
    for group in GROUPS.into_iter().filter(|group| group.contains(&args.filter)) {
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
        _ => memory_sessions::sweep_rows(options).await,
    }
}
