//! The `fastestmcp` command.
#![allow(clippy::print_stdout, reason = "a command line talks on standard output")]

mod demo;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tracing_subscriber::EnvFilter;

/// MCP servers whose sessions and tasks survive a kill -9.
#[derive(Parser)]
#[command(name = "fastestmcp", version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serves a demo MCP server with durable state. Kill it in the middle of a task and start it again.
    Demo(demo::Options),
}

#[tokio::main]
async fn main() -> ExitCode {
    // Standard output belongs to the protocol (stdio) or to the person (HTTP): logs go to standard error.
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn,rmcp=error"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();

    let Command::Demo(options) = Cli::parse().command;
    match demo::run(options).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("fastestmcp: {error}");
            let mut cause = error.source();
            while let Some(error) = cause {
                eprintln!("  because: {error}");
                cause = error.source();
            }
            ExitCode::FAILURE
        }
    }
}
