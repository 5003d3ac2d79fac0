//! The official conformance suite (`@modelcontextprotocol/conformance`) against our own server.
//!
//! Each requirement set runs whole, and what came of every scenario is compared with a committed list: what is not as
//! listed fails, a scenario that passes before the list says so included.

mod expected;
mod fixture;
mod results;
mod suite;

use expected::Expected;
use fixture::Fixture;
use suite::Suite;

use crate::root;

/// The revisions, with what is expected of each.
const SETS: [(&str, &str); 2] = [
    ("2025-11-25", include_str!("mcp_conformance/2025-11-25.txt")),
    ("2026-07-28", include_str!("mcp_conformance/2026-07-28.txt")),
];

/// Runs the suite and fails unless all is as listed.
pub(crate) fn run(arguments: &[String]) -> Result<(), String> {
    let (store, filter) = match arguments {
        [option, store] if option == "--store" => (store, None),
        [option, store, filter] | [filter, option, store] if option == "--store" => (store, Some(filter.as_str())),
        _ => return Err("usage: cargo xtask mcp-conformance --store URL [FILTER]".to_owned()),
    };
    let sets = SETS.map(|(revision, list)| (revision, Expected::parse(list, filter)));
    if sets.iter().all(|(_, expected)| expected.is_empty()) {
        return Err(format!("no scenario contains {:?}", filter.unwrap_or_default()));
    }
    let folder = root().join("target/mcp-conformance");
    let suite = Suite::install(&folder)?;
    let fixture = Fixture::start(store, &folder)?;
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
    if as_listed {
        Ok(())
    } else {
        Err(format!("not as listed; what the suite and the server said is in {}", folder.display()))
    }
}
