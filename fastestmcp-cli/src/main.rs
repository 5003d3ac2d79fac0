//! The `fastestmcp` command.
#![allow(clippy::print_stdout, reason = "a command line talks on standard output")]

mod address;
mod demo;
mod logs;
mod usage;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use fastestmcp::core::error::Sentence;

/// MCP servers whose sessions and tasks survive a kill -9.
#[derive(Parser)]
#[command(name = "fastestmcp", version, about, after_help = logs::HELP)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    logs: logs::Options,
}

#[derive(Subcommand)]
enum Command {
    /// Serves a demo MCP server with durable state. Kill it in the middle of a task and start it again.
    #[command(after_help = logs::HELP)]
    Demo(demo::Options),
}

#[tokio::main]
async fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage::refuse(error),
    };
    if let Err(error) = logs::init(&cli.logs) {
        eprintln!("fastestmcp: {error}");
        return ExitCode::from(usage::USAGE);
    }
    let Command::Demo(options) = cli.command;
    match demo::run(options).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("fastestmcp: {}", usage::in_one_line(&Sentence(&*error).to_string()));
            ExitCode::FAILURE
        }
    }
}
