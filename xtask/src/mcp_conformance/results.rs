use std::collections::BTreeMap;
use std::fmt::Display;
use std::fs;
use std::path::Path;

use serde::Deserialize;

/// What came of each scenario, by name.
pub(super) type Results = BTreeMap<String, Outcome>;

/// `-2026-11-22T19-53-35-184Z`, at the end of a folder's name.
const STAMP: usize = 25;

/// What came of the checks of one scenario.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    pub(super) counts: Counts,
    /// What is wrong, one line each.
    pub(super) complaints: Vec<String>,
}

/// Checks by status; those that only inform are not counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) passed: u32,
    pub(super) failed: u32,
    pub(super) warned: u32,
    pub(super) skipped: u32,
}

impl Counts {
    /// Nothing is wrong.
    pub(super) const fn is_clean(self) -> bool {
        self.failed == 0 && self.warned == 0
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Check {
    id: String,
    status: Status,
    error_message: Option<String>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum Status {
    Success,
    Failure,
    Warning,
    Skipped,
    Info,
}

/// Says which file an error is about.
pub(super) fn at<E: Display>(path: &Path) -> impl Fn(E) -> String {
    move |error| format!("{}: {error}", path.display())
}

/// Reads what the suite wrote into `folder`: a folder per scenario.
pub(super) fn read(folder: &Path) -> Result<Results, String> {
    let mut results = Results::new();
    for entry in fs::read_dir(folder).map_err(at(folder))? {
        let entry = entry.map_err(at(folder))?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let Some(scenario) = name.strip_prefix("server-").and_then(|name| name.get(..name.len().checked_sub(STAMP)?))
        else {
            continue;
        };
        let path = entry.path().join("checks.json");
        // A scenario that broke off wrote none: it then counts as not run.
        let Ok(text) = fs::read(&path) else { continue };
        let checks: Vec<Check> = serde_json::from_slice(&text).map_err(at(&path))?;
        results.insert(scenario.to_owned(), outcome(checks));
    }
    Ok(results)
}

/// Checks passed and failed.
pub(super) fn total(results: &Results) -> (u32, u32) {
    results
        .values()
        .fold((0, 0), |(passed, failed), outcome| (passed + outcome.counts.passed, failed + outcome.counts.failed))
}

fn outcome(checks: Vec<Check>) -> Outcome {
    let mut outcome = Outcome::default();
    for check in checks {
        let counts = &mut outcome.counts;
        match check.status {
            Status::Success => counts.passed += 1,
            Status::Failure => counts.failed += 1,
            Status::Warning => counts.warned += 1,
            Status::Skipped => counts.skipped += 1,
            Status::Info => {}
        }
        if matches!(check.status, Status::Failure | Status::Warning) {
            outcome.complaints.push(format!("{}: {}", check.id, check.error_message.unwrap_or_default()));
        }
    }
    outcome
}
