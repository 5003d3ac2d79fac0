//! Builds the suites on the woven sources, and runs the cases of each fault.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use super::table::Planted;
use super::tree::Tree;
use crate::cargo;

/// Names the fault that is on.
const SWITCH: &str = "FASTESTMCP_PLANTED";

/// Every case that is to reject a fault passes without it and fails with it.
pub(super) fn reject(tree: &Tree, faults: &[&Planted]) -> Result<(), String> {
    let stores: BTreeSet<&str> = faults.iter().map(|planted| planted.store.as_str()).collect();
    let mut suites = BTreeMap::new();
    for store in stores {
        suites.insert(store, build(tree, store)?);
    }
    let mut problems = Vec::new();
    let mut sound = BTreeSet::new();
    for planted in faults {
        let suite = &suites[planted.store.as_str()];
        for case in &planted.cases {
            if sound.insert((&planted.store, case)) && play(suite, case, None)? != Played::Passed {
                problems.push(format!("{case} does not pass on {} without a fault", planted.store));
            }
        }
        let accepted = |case: &&String| !matches!(play(suite, case, Some(&planted.name)), Ok(Played::Failed));
        let accepting: Vec<&String> = planted.cases.iter().filter(accepted).collect();
        println!("{} {} ({})", if accepting.is_empty() { "rejected" } else { "ACCEPTED" }, planted.name, planted.rule);
        for case in accepting {
            problems.push(format!("{} is not rejected by {case}", planted.name));
        }
    }
    println!("{} planted faults, {} problems", faults.len(), problems.len());
    if problems.is_empty() { Ok(()) } else { Err(problems.join("\n")) }
}

#[derive(PartialEq, Eq)]
enum Played {
    Passed,
    Failed,
    /// Skipped, unknown, or the harness broke.
    Neither,
}

fn play(suite: &Path, case: &str, fault: Option<&str>) -> Result<Played, String> {
    let mut command = Command::new(suite);
    command.args(["--exact", case]).env_remove(SWITCH).stderr(Stdio::null());
    if let Some(fault) = fault {
        command.env(SWITCH, fault);
    }
    let output = command.output().map_err(|error| format!("{}: {error}", suite.display()))?;
    let said = String::from_utf8_lossy(&output.stdout);
    let counted = |count: &str| said.lines().any(|line| line.starts_with("test result") && line.contains(count));
    Ok(match output.status.code() {
        Some(0) if counted("1 passed") => Played::Passed,
        Some(101) if counted("1 failed") => Played::Failed,
        _ => Played::Neither,
    })
}

/// The program that is the suite on a backend.
fn build(tree: &Tree, store: &str) -> Result<PathBuf, String> {
    let package = format!("fastestmcp-store-{store}");
    let mut child = Command::new(cargo())
        .args(["test", "--quiet", "--no-run", "--locked", "--message-format", "json-render-diagnostics"])
        .args(["--package", &package, "--test", "conformance", "--target-dir"])
        .arg(&tree.build)
        // What is woven in need not please the lints.
        .env("RUSTFLAGS", "--cap-lints=allow")
        .current_dir(&tree.sources)
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| format!("cargo did not start: {error}"))?;
    let mut suite = None;
    for line in child.stdout.take().into_iter().flat_map(|out| BufReader::new(out).lines()) {
        let message: Value = serde_json::from_str(&line.map_err(|error| error.to_string())?).unwrap_or_default();
        if message["target"]["name"] == "conformance"
            && let Some(executable) = message["executable"].as_str()
        {
            suite = Some(PathBuf::from(executable));
        }
    }
    let built = child.wait().map_err(|error| error.to_string())?.success();
    suite.filter(|_| built).ok_or_else(|| format!("the suite on {store} with the faults woven in was not built"))
}
