//! `cargo xtask planted`: faults planted in the runtime and in the stores, and the suite that must reject each.
//!
//! The table says of each fault which text of which file it replaces. A copy of the sources gets all of them woven in, each
//! behind a switch that an environment variable turns on, so that one build holds them all and no source of ours holds one.

mod run;
mod table;
mod tree;
mod weave;

use std::time::{SystemTime, UNIX_EPOCH};

use table::Planted;

/// Runs all faults, those whose names contain a text, or the part of them whose turn it is today.
pub(crate) fn run(arguments: &[String]) -> Result<(), String> {
    let table = table::read()?;
    let chosen: Vec<&Planted> = match arguments {
        [] => table.iter().collect(),
        [flag, parts] if flag == "--one-of" => {
            let parts: usize = parts.parse().map_err(|_| format!("--one-of needs a number, not {parts:?}"))?;
            table.iter().skip(day() % parts.max(1)).step_by(parts.max(1)).collect()
        }
        [filter] => table.iter().filter(|planted| planted.name.contains(filter.as_str())).collect(),
        _ => return Err("cargo xtask planted [FILTER | --one-of N]".to_owned()),
    };
    if chosen.is_empty() {
        return Err("no fault has such a name".to_owned());
    }
    let tree = tree::copy()?;
    weave::all(&tree, &table)?;
    run::reject(&tree, &chosen)
}

/// Days since the epoch.
fn day() -> usize {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    usize::try_from(since.as_secs() / 86_400).unwrap_or_default()
}
