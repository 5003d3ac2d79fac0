//! `cargo xtask clients`: third-party clients of both protocol eras, and a browser, against the real binary; and the same
//! clients, of several ages, against two nodes of one example.
//!
//! The scripts in `clients/` are plain Node and Python programs that print one line `ok NAME` or `not ok NAME: WHY` per check.

mod python;

use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::test::require;
use crate::{cargo, root};

/// Runs them and fails if any check failed.
pub(crate) fn run() -> Result<(), String> {
    let (passed, failed) = run_counted()?;
    println!("{passed} passed, {failed} failed");
    if failed == 0 { Ok(()) } else { Err("a client check failed".to_owned()) }
}

/// Runs them and counts their checks.
pub(crate) fn run_counted() -> Result<(u64, u64), String> {
    require("node", "Node.js 20 or newer (https://nodejs.org, or Debian: apt-get install nodejs npm)")?;
    require("npm", "npm, which comes with Node.js")?;
    require("chromium", "Chromium (Debian: apt-get install chromium)")?;
    let clients = root().join("clients");
    succeed(Command::new("npm").args(["ci", "--no-audit", "--no-fund", "--silent"]).current_dir(&clients))?;
    let pythons = python::install(&clients.join("python"), &target()?)?;
    let examples = ["--package", "fastestmcp-examples", "--example", "forms", "--example", "everything"];
    for servers in [["--package", "fastestmcp-cli"].as_slice(), &examples] {
        succeed(Command::new(cargo()).args(["build", "--quiet"]).args(servers).current_dir(root()))?;
    }
    let output = Command::new("node")
        .arg("run.mjs")
        .env("FASTESTMCP", target()?.join("debug/fastestmcp"))
        .env("FASTESTMCP_PYTHONS", pythons)
        .current_dir(&clients)
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("node did not start: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    print!("{text}");
    let passed = text.lines().filter(|line| line.starts_with("ok ")).count() as u64;
    let failed = text.lines().filter(|line| line.starts_with("not ok ")).count() as u64;
    if passed == 0 || (!output.status.success() && failed == 0) {
        return Err("the clients did not run to their end".to_owned());
    }
    Ok((passed, failed))
}

fn succeed(command: &mut Command) -> Result<(), String> {
    let status = command.status().map_err(|error| format!("{command:?} did not start: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("{command:?} failed")) }
}

/// Where `cargo build` puts what it makes, also where `CARGO_TARGET_DIR` points elsewhere.
fn target() -> Result<PathBuf, String> {
    let target: PathBuf = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), Into::into);
    std::path::absolute(&target).map_err(|error| format!("{}: {error}", target.display()))
}
