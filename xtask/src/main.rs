//! Development tasks: `cargo xtask COMMAND`.

#![allow(clippy::print_stdout, reason = "reports go to standard output")]

mod mcp_conformance;

use std::env;
use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo xtask COMMAND

  mcp-conformance --store URL [FILTER]   the official MCP suite against our server, on memory: or sqlite:PATH";

fn main() -> ExitCode {
    let mut args = env::args().skip(1);
    let command = args.next().unwrap_or_default();
    let args: Vec<String> = args.collect();
    match command.as_str() {
        "mcp-conformance" => mcp_conformance::run(&args),
        _ => {
            eprintln!("{USAGE}");
            ExitCode::from(2)
        }
    }
}
