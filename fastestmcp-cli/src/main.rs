//! The `fastestmcp` command.
#![allow(clippy::print_stdout, reason = "a command line talks on standard output")]

mod call;
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
    /// Calls a tool of an MCP server over HTTP, follows its task, and answers what it asks.
    Call(call::Options),
}

#[tokio::main]
async fn main() -> ExitCode {
    // Standard output belongs to the protocol (stdio) or to the person (HTTP): logs go to standard error.
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn,rmcp=error"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();

    let options = match Cli::parse().command {
        Command::Demo(options) => options,
        // It waits for one thing at a time, and for the person at the terminal.
        Command::Call(options) => return tokio::task::block_in_place(|| call::run(options)),
    };
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
