//! `cargo xtask bench`: builds the benches and their peers in release and runs them.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{cargo, root};

/// Other libraries to measure against. Each is a workspace of its own: several of them cannot share our lock file.
const PEERS: [&str; 4] = ["tokio-rusqlite", "sqlx-sqlite", "apalis-sqlite", "apalis-postgres"];

/// Passes the arguments on to the benches. `--no-peers` leaves the other libraries out; their rows then say so.
pub(crate) fn run(arguments: &[String]) -> Result<(), String> {
    let with_peers = !arguments.iter().any(|argument| argument == "--no-peers");
    let mut passed_on: Vec<String> = arguments.iter().filter(|argument| *argument != "--no-peers").cloned().collect();
    for name in PEERS.into_iter().filter(|_| with_peers) {
        match build_peer(&root().join("benches/peers").join(name), name) {
            Some(path) => passed_on.extend(["--peer".to_owned(), format!("{name}={}", path.display())]),
            None => eprintln!("peer {name} did not build: its rows are not measured"),
        }
    }
    let benches = ["run", "--release", "--quiet", "--package", "fastestmcp-benches", "--"];
    let status = Command::new(cargo()).current_dir(root()).args(benches).args(passed_on).status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("the benches ended with {status}")),
        Err(error) => Err(format!("cargo does not start: {error}")),
    }
}

fn build_peer(folder: &Path, name: &str) -> Option<PathBuf> {
    let target = folder.join("target");
    let built = Command::new(cargo())
        .args(["build", "--release", "--quiet", "--locked", "--target-dir"])
        .arg(&target)
        .current_dir(folder)
        .status()
        .ok()?;
    let program = target.join("release").join(format!("peer-{name}"));
    (built.success() && program.exists()).then_some(program)
}
