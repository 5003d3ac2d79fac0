//! The README's table of what each backend passes, generated from the reports of the last `cargo xtask test`.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::PathBuf;

use serde::Deserialize;

use crate::root;

/// The variable that tells the suite where to put its reports.
pub(crate) const REPORTS: &str = "FASTESTMCP_CONFORMANCE_REPORTS";

/// The backends in the order of the table, as their reports are named and as people call them.
const BACKENDS: &[(&str, &str)] = &[
    ("memory", "memory"),
    ("sqlite", "SQLite"),
    ("redis", "Redis, standalone"),
    ("redis-sentinel", "Redis, Sentinel"),
    ("redis-cluster", "Redis Cluster"),
    ("postgres", "Postgres"),
];

const SEAMS: [&str; 4] = ["session", "task", "event", "runtime"];
const BEGIN: &str = "<!-- conformance: written by `cargo xtask conformance-table` -->\n";
const END: &str = "<!-- conformance -->";

#[derive(Deserialize)]
struct Report {
    edition: String,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    seam: String,
    verdict: String,
    detail: Vec<String>,
}

/// Where the reports are.
pub(crate) fn folder() -> PathBuf {
    root().join("target/conformance")
}

/// Forgets the reports of earlier runs.
pub(crate) fn clear() -> Result<(), String> {
    match fs::remove_dir_all(folder()) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(format!("{}: {error}", folder().display())),
        _ => Ok(()),
    }
}

/// Puts the table into the README.
pub(crate) fn write() -> Result<(), String> {
    let (text, begin, end) = readme()?;
    let text = format!("{}{}{}", &text[..begin], table(&reports()?)?, &text[end..]);
    fs::write(path(), text).map_err(|error| error.to_string())
}

/// Fails if the README's table is not what the reports say.
pub(crate) fn check() -> Result<(), String> {
    let (text, begin, end) = readme()?;
    if text[begin..end] == table(&reports()?)? {
        return Ok(());
    }
    Err("the README's conformance table is out of date: cargo xtask conformance-table".to_owned())
}

fn path() -> PathBuf {
    root().join("README.md")
}

/// The README and where its table begins and ends.
fn readme() -> Result<(String, usize, usize), String> {
    let text = fs::read_to_string(path()).map_err(|error| error.to_string())?;
    let place = text.find(BEGIN).and_then(|begin| Some((begin + BEGIN.len(), text.find(END)?)));
    let (begin, end) = place.ok_or("the README has no place for the conformance table")?;
    Ok((text, begin, end))
}

fn reports() -> Result<Vec<Report>, String> {
    let report = |(name, _): &(&str, &str)| {
        let path = folder().join(format!("{name}.json"));
        let text = fs::read_to_string(&path)
            .map_err(|error| format!("{}: {error}: the table needs a whole `cargo xtask test`", path.display()))?;
        serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))
    };
    BACKENDS.iter().map(report).collect()
}

fn table(reports: &[Report]) -> Result<String, String> {
    let edition = &reports.first().ok_or("no reports")?.edition;
    let mut text =
        format!("| suite {edition} | session | task | event | runtime | skipped |\n|---|---|---|---|---|---|\n");
    for ((_, name), report) in BACKENDS.iter().zip(reports) {
        let _ = write!(text, "| {name} |");
        for seam in SEAMS {
            let tried = || report.cases.iter().filter(|case| case.seam == seam && case.verdict != "skipped");
            let passed = tried().filter(|case| case.verdict == "passed").count();
            let _ = write!(text, " {passed}/{} |", tried().count());
        }
        let _ = writeln!(text, " {} |", skipped(report));
    }
    Ok(text)
}

/// How many cases could not be tried, by reason.
fn skipped(report: &Report) -> String {
    let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
    for case in report.cases.iter().filter(|case| case.verdict == "skipped") {
        *reasons.entry(case.detail.join("; ")).or_default() += 1;
    }
    let reasons: Vec<_> = reasons.iter().map(|(reason, count)| format!("{count}: {reason}")).collect();
    if reasons.is_empty() { "–".to_owned() } else { reasons.join("; ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn case(seam: &str, verdict: &str, detail: &str) -> Case {
        let detail = if detail.is_empty() { Vec::new() } else { vec![detail.to_owned()] };
        Case { seam: seam.to_owned(), verdict: verdict.to_owned(), detail }
    }

    #[test]
    fn a_row_counts_what_was_tried_and_says_what_was_not() {
        let cases = vec![
            case("session", "passed", ""),
            case("session", "failed", "wrong"),
            case("task", "skipped", "no hook"),
            case("task", "skipped", "no hook"),
            case("event", "passed", ""),
        ];
        let table = table(&[Report { edition: "1".to_owned(), cases }]).unwrap_or_default();
        assert!(table.ends_with("| memory | 1/2 | 0/0 | 1/1 | 0/0 | 2: no hook |\n"), "{table}");
    }
}
