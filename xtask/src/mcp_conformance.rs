//! The official conformance suite (`@modelcontextprotocol/conformance`) against our own server, or against one that is
//! written on rmcp alone: one process, or several on one store behind a balancer that sends each request to the next.
//!
//! Each requirement set runs whole, and what came of every scenario is compared with a committed list: what is not as
//! listed fails, a scenario that passes before the list says so included. Any number of nodes is held to the same list.

mod arguments;
mod expected;
mod fixture;
mod front;
mod process;
mod results;
mod server;
mod suite;

use arguments::Arguments;
use expected::Expected;
use fixture::Fixture;
use suite::Suite;

use crate::root;

/// Runs the suite and fails unless all is as listed.
pub(crate) fn run(arguments: &[String]) -> Result<(), String> {
    let Arguments { server, store, nodes, filter } = Arguments::parse(arguments)?;
    let filter = filter.as_deref();
    let sets: Vec<_> = server.sets.iter().map(|(revision, list)| (*revision, Expected::parse(list, filter))).collect();
    if sets.iter().all(|(_, expected)| expected.is_empty()) {
        return Err(format!("no scenario contains {:?}", filter.unwrap_or_default()));
    }
    let folder = root().join("target/mcp-conformance");
    let suite = Suite::install(&folder)?;
    let fixture = Fixture::start(&server, &store, nodes, &folder)?;
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
