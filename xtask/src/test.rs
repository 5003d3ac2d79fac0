//! `cargo xtask test`: every test of the workspace, then the third-party clients; prints the totals.

use std::fmt;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use crate::{cargo, clients, conformance_table, root, servers};

/// Runs all of it.
pub(crate) fn run(arguments: &[String]) -> Result<(), String> {
    require("cc", "a C compiler, for the bundled SQLite (Debian: apt-get install build-essential)")?;
    servers::install()?;
    conformance_table::clear()?;
    let mut totals = Totals::default();
    let mut command = Command::new(cargo());
    command
        .args(["test", "--workspace", "--no-fail-fast"])
        .args(with_skips(arguments, &servers::left_out()))
        .env(conformance_table::REPORTS, conformance_table::folder())
        .current_dir(root());
    let passed = totals.run(&mut command)?;
    let everything = arguments.is_empty();
    let passed = passed & (!everything || with_a_fresh_seed(&mut totals)?);
    let clients = if everything { clients::run_counted()? } else { (0, 0) };
    totals.passed += clients.0;
    totals.failed += clients.1;
    println!("{totals}");
    if !passed || totals.failed > 0 {
        return Err("there are failures".to_owned());
    }
    if everything && servers::left_out().is_empty() { conformance_table::check() } else { Ok(()) }
}

/// The suites that need no server once more, with other random choices than every time. The seed is told in their last lines
/// and in every failure.
fn with_a_fresh_seed(totals: &mut Totals) -> Result<bool, String> {
    let mut command = Command::new(cargo());
    command
        .args(["test", "--no-fail-fast", "--test", "conformance"])
        .args(["-p", "fastestmcp-conformance", "-p", "fastestmcp-store-memory", "-p", "fastestmcp-store-sqlite"])
        // These do not depend on a seed.
        .args(["--", "--skip", "runtime."])
        .env("FASTESTMCP_CONFORMANCE_SEED", "random")
        .env_remove(conformance_table::REPORTS)
        .current_dir(root());
    totals.run(&mut command)
}

/// Says what to install where a program is missing.
pub(crate) fn require(program: &str, what: &str) -> Result<(), String> {
    let found = Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    match found {
        Ok(_) => Ok(()),
        Err(_) => Err(format!("{program} is missing: install {what}")),
    }
}

/// What tests came to.
#[derive(Default)]
pub(crate) struct Totals {
    passed: u64,
    failed: u64,
    skipped: u64,
}

impl Totals {
    /// Runs a `cargo test`, shows what it prints, and adds up its summaries; whether it succeeded.
    pub(crate) fn run(&mut self, cargo_test: &mut Command) -> Result<bool, String> {
        let mut child =
            cargo_test.stdout(Stdio::piped()).spawn().map_err(|error| format!("cargo test did not start: {error}"))?;
        for line in child.stdout.take().into_iter().flat_map(|out| BufReader::new(out).lines()) {
            let line = line.map_err(|error| error.to_string())?;
            println!("{line}");
            if let Some(counts) = line.trim().strip_prefix("test result: ") {
                self.passed += count(counts, " passed");
                self.failed += count(counts, " failed");
                self.skipped += count(counts, " ignored");
            }
        }
        Ok(child.wait().map_err(|error| error.to_string())?.success())
    }
}

impl fmt::Display for Totals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed, {} skipped", self.passed, self.failed, self.skipped)
    }
}

/// Tests that need a server have its kind in their names; those of the conformance suites report themselves as skipped.
fn with_skips(arguments: &[String], left_out: &[String]) -> Vec<String> {
    let mut all = arguments.to_vec();
    if !left_out.is_empty() && !all.iter().any(|argument| argument == "--") {
        all.push("--".to_owned());
    }
    for kind in left_out {
        println!("skipped: all tests of {kind}, which FASTESTMCP_TEST_WITHOUT leaves out");
        all.extend(["--skip".to_owned(), kind.clone()]);
    }
    all
}

/// The number right before `word` in a line such as `ok. 3 passed; 0 failed; …`.
fn count(line: &str, word: &str) -> u64 {
    let before = line.split(word).next().filter(|before| before.len() < line.len());
    before.and_then(|before| before.rsplit([' ', '.']).next()).and_then(|number| number.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::{count, with_skips};

    #[test]
    fn what_is_left_out_is_skipped_by_name() {
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(with_skips(&words("-p x"), &[]), words("-p x"));
        assert_eq!(with_skips(&words("-p x"), &words("redis")), words("-p x -- --skip redis"));
        assert_eq!(with_skips(&words("-- y"), &words("redis postgres")), words("-- y --skip redis --skip postgres"));
    }

    #[test]
    fn counts_are_read_from_cargos_summary() {
        let line = "ok. 12 passed; 3 failed; 4 ignored; 0 measured; 0 filtered out; finished in 0.00s";
        assert_eq!((count(line, " passed"), count(line, " failed"), count(line, " ignored")), (12, 3, 4));
        assert_eq!(count("nothing", " passed"), 0);
    }
}
