//! The `fastestmcp` command.

mod address;
mod call;
mod demo;
mod log_writer;
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
    /// Calls a tool of an MCP server over HTTP, follows its task, and answers what it asks.
    Call(call::Options),
}

#[tokio::main]
async fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage::refuse(error),
    };
    let logs = match logs::init(&cli.logs) {
        Ok(logs) => logs,
        Err(error) => {
            usage::complain(error);
            return ExitCode::from(usage::USAGE);
        }
    };
    let options = match cli.command {
        Command::Demo(options) => options,
        Command::Call(options) => {
            // It waits for one thing at a time, and for the person at the terminal.
            let called = tokio::task::block_in_place(|| call::run(options));
            logs.finish();
            return called;
        }
    };
    let ended = demo::run(options).await;
    logs.finish();
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            usage::complain(&Sentence(&*error).to_string());
            ExitCode::FAILURE
        }
    }
}
