//! Development tasks: `cargo xtask TASK`.
#![allow(clippy::print_stdout, reason = "a command line talks on standard output")]

mod bench;
mod clients;
mod conformance_table;
mod mcp_conformance;
mod planted;
mod servers;
mod test;
mod versions;

use std::env;
use std::path::PathBuf;
use std::process::ExitCode;

const HELP: &str = "\
cargo xtask test [ARGS]                            every test; ARGS go to cargo test; installs servers
cargo xtask versions                               the backends' tests on older and newer servers
cargo xtask planted [FILTER | --one-of N]          faults planted in our sources, and the suite that must reject each
cargo xtask clients                                drives the server with third-party clients
cargo xtask conformance-table                      puts the results of the last test run into the README
cargo xtask mcp-conformance [--plain] --store URL [--nodes N] [FILTER]
                                                   the official MCP suite against our server, or one on rmcp alone
cargo xtask bench [FILTER] [--quick] [--no-peers]  measures the targets, both sides of each row in one run";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let (task, rest) = arguments.split_first().map_or(("help", &[][..]), |(task, rest)| (task.as_str(), rest));
    let result = match task {
        "test" => test::run(rest),
        "versions" => versions::run(),
        "bench" => bench::run(rest),
        "planted" => planted::run(rest),
        "clients" => clients::run(),
        "conformance-table" => conformance_table::write(),
        "mcp-conformance" => mcp_conformance::run(rest),
        "help" | "--help" | "-h" => {
            println!("{HELP}");
            Ok(())
        }
        other => Err(format!("unknown task {other:?}\n{HELP}")),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The root of the workspace.
fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The cargo that runs this.
fn cargo() -> String {
    env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned())
}
