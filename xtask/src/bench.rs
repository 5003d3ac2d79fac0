//! `cargo xtask bench`: builds the benches, and the peers of the groups that are asked for, in release and runs them.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{cargo, root};

/// Other libraries to measure against, with the group that each is measured in. Each is a workspace of its own: several of
/// them cannot share our lock file.
const PEERS: [(&str, &str); 6] = [
    ("tokio-rusqlite", "sqlite.peers"),
    ("sqlx-sqlite", "sqlite.peers"),
    ("apalis-sqlite", "sqlite.tasks"),
    ("apalis-postgres", "postgres.tasks"),
    ("pydocket", "redis.tasks"),
    ("rmcp", "server"),
];

/// Passes the arguments on to the benches. `--no-peers` leaves the other libraries out; their rows then say so.
pub(crate) fn run(arguments: &[String]) -> Result<(), String> {
    let with_peers = !arguments.iter().any(|argument| argument == "--no-peers");
    let mut passed_on: Vec<String> = arguments.iter().filter(|argument| *argument != "--no-peers").cloned().collect();
    let filter = filter(arguments);
    for (name, _) in PEERS.into_iter().filter(|(_, group)| with_peers && group.contains(filter)) {
        match build_peer(&root().join("benches/peers").join(name), name) {
            Some(path) => passed_on.extend(["--peer".to_owned(), format!("{name}={}", path.display())]),
            None => eprintln!("peer {name} did not build: its rows are not measured"),
        }
    }
    // All binaries: one of them starts others, which `run` does not build.
    let package = ["--release", "--quiet", "--package", "fastestmcp-benches", "--features", "heap"];
    let build = Command::new(cargo()).current_dir(root()).arg("build").args(package).status();
    if !build.is_ok_and(|status| status.success()) {
        return Err("the benches do not build".to_owned());
    }
    let run = Command::new(cargo()).current_dir(root()).arg("run").args(package).arg("--").args(passed_on).status();
    match run {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("the benches ended with {status}")),
        Err(error) => Err(format!("cargo does not start: {error}")),
    }
}

/// What the names of groups are to contain: the first word that is no option and belongs to none.
fn filter(arguments: &[String]) -> &str {
    let mut words = arguments.iter().map(String::as_str);
    while let Some(word) = words.next() {
        match word {
            "--folder" | "--peer" => drop(words.next()),
            word if word.starts_with("--") => {}
            word => return word,
        }
    }
    ""
}

/// A peer in Python: its libraries, pinned by version, go into an environment of their own.
fn install_peer(folder: &Path, name: &str) -> Option<PathBuf> {
    let environment = folder.join("target/venv");
    let run =
        |program: &Path, arguments: &[&Path]| Some(Command::new(program).args(arguments).status().ok()?.success());
    let (pip, requirements) = (environment.join("bin/pip"), folder.join("requirements.txt"));
    let installed = run(Path::new("python3"), &["-m".as_ref(), "venv".as_ref(), &environment])?
        && run(&pip, &["install".as_ref(), "--quiet".as_ref(), "--requirement".as_ref(), &requirements])?;
    installed.then(|| folder.join(format!("peer-{name}")))
}

fn build_peer(folder: &Path, name: &str) -> Option<PathBuf> {
    if folder.join("requirements.txt").exists() {
        return install_peer(folder, name);
    }
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
