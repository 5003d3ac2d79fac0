//! The official conformance suite (`@modelcontextprotocol/conformance`) against our own server.
//!
//! Each requirement set runs whole, and what came of every scenario is compared with a committed list: what is not as
//! listed fails, a scenario that passes before the list says so included.

mod error;
mod expected;
mod fixture;
mod results;
mod suite;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use error::Error;
use expected::Expected;
use fixture::Fixture;
use suite::Suite;

/// The revisions, with what is expected of each.
const SETS: [(&str, &str); 2] = [
    ("2025-11-25", include_str!("mcp_conformance/2025-11-25.txt")),
    ("2026-07-28", include_str!("mcp_conformance/2026-07-28.txt")),
];

/// Runs the suite: 0 if all is as listed, 1 if not, 2 if it could not run.
pub(crate) fn run(args: &[String]) -> ExitCode {
    match parse(args).and_then(|(store, filter)| conform(store, filter)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}

fn parse(args: &[String]) -> Result<(&str, Option<&str>), Error> {
    match args {
        [option, store] if option == "--store" => Ok((store, None)),
        [option, store, filter] | [filter, option, store] if option == "--store" => Ok((store, Some(filter))),
        _ => Err(Error::Usage),
    }
}

fn conform(store: &str, filter: Option<&str>) -> Result<bool, Error> {
    let sets = SETS.map(|(revision, list)| (revision, Expected::parse(list, filter)));
    if sets.iter().all(|(_, expected)| expected.is_empty()) {
        return Err(Error::NothingMatches(filter.unwrap_or_default().to_owned()));
    }
    let root = workspace();
    let folder = root.join("target/mcp-conformance");
    let suite = Suite::install(&folder)?;
    let fixture = Fixture::start(&root, store, &folder)?;
    let mut as_listed = true;
    for (revision, expected) in sets.iter().filter(|(_, expected)| !expected.is_empty()) {
        let names = filter.map(|_| expected.names().collect::<Vec<_>>());
        let results = suite.run(fixture.url(), revision, names.as_deref())?;
        let (passed, failed) = results::total(&results);
        println!("{revision}: passed {passed} failed {failed}");
        let differences = expected.differences(&results);
        println!("  {}", expected.summary());
        for difference in &differences {
            println!("  {difference}");
        }
        as_listed &= differences.is_empty();
    }
    if !as_listed {
        println!("what the suite and the server said: {}", folder.display());
    }
    Ok(as_listed)
}

fn workspace() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}
