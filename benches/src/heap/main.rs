//! Serves what `fastestmcp-bench --serve` does on an allocator that counts, and has a tool that tells what is allocated.
//!
//! jemalloc takes the place of the system's allocator for all of the process, SQLite in C included, and counts what it has
//! given out and not got back. `fastestmcp-bench` does not: other rows do not pay for it.

use std::io;
use std::process::ExitCode;

use clap::Parser;
use fastestmcp::prelude::*;
use fastestmcp_benches::{HEAP, ServeError, Serving, serve};
use tikv_jemalloc_ctl::{epoch, stats};
use tikv_jemallocator::Jemalloc;

#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

#[derive(Debug, Parser)]
struct Args {
    #[command(flatten)]
    serving: Serving,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Args::parse().serving).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(serving: Serving) -> Result<(), ServeError> {
    let store = serving.store.as_deref().ok_or("--serve STORE is missing")?;
    let heap = Tool::new(HEAP, heap).description("Bytes that are allocated.");
    serve(store, &serving, [heap], &mut io::stdout()).await
}

async fn heap(_: Context, _: ()) -> Result<String, ToolError> {
    // The numbers are those of the last epoch.
    epoch::advance().map_err(|error| ToolError::internal(error.to_string()))?;
    let allocated = stats::allocated::read().map_err(|error| ToolError::internal(error.to_string()))?;
    Ok(allocated.to_string())
}
