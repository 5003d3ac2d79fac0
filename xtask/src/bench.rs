//! `cargo xtask bench`: builds the benches and their peers in release and runs them.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// Other libraries to measure against. Each is a workspace of its own: several of them cannot share our lock file.
const PEERS: [&str; 3] = ["tokio-rusqlite", "sqlx-sqlite", "apalis-sqlite"];

/// Passes `args` on to the benches. `--no-peers` leaves the other libraries out; their rows then say so.
pub(crate) fn run(mut args: Vec<String>) -> ExitCode {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."));
    let with_peers = !args.iter().any(|arg| arg == "--no-peers");
    args.retain(|arg| arg != "--no-peers");
    for name in PEERS.into_iter().filter(|_| with_peers) {
        match build_peer(&root.join("benches/peers").join(name), name) {
            Some(path) => args.extend(["--peer".to_owned(), format!("{name}={}", path.display())]),
            None => eprintln!("peer {name} did not build; its rows are not measured"),
        }
    }
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let benches = ["run", "--release", "--quiet", "--package", "fastestmcp-benches", "--"];
    match Command::new(cargo).current_dir(root).args(benches).args(args).status() {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("cargo does not start: {error}");
            ExitCode::FAILURE
        }
    }
}

fn build_peer(folder: &Path, name: &str) -> Option<PathBuf> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let build = ["build", "--release", "--quiet", "--locked"];
    let built = Command::new(cargo).current_dir(folder).env_remove("CARGO_TARGET_DIR").args(build).status().ok()?;
    let path = folder.join("target/release").join(format!("peer-{name}"));
    (built.success() && path.exists()).then_some(path)
}
