//! The table of faults: the files of `xtask/faults`.

use std::fs;

use serde::Deserialize;

use crate::root;

/// One fault, and the cases that must reject it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Planted {
    /// Its name.
    pub(super) name: String,
    /// The rule of the contract that it breaks.
    pub(super) rule: String,
    /// The file that it is in.
    pub(super) file: String,
    /// What it replaces: an expression, or whole statements that introduce no name. Once in its file.
    pub(super) find: String,
    /// What stands there instead. Where that is another piece of text: both, with `planted!()` to choose between them.
    pub(super) replace: String,
    /// The backend whose suite rejects it.
    #[serde(default = "memory")]
    pub(super) store: String,
    /// The ids of the cases that each must fail.
    pub(super) cases: Vec<String>,
}

fn memory() -> String {
    "memory".to_owned()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    fault: Vec<Planted>,
}

/// All of them, in the order of their files.
pub(super) fn read() -> Result<Vec<Planted>, String> {
    let folder = root().join("xtask/faults");
    let entries = fs::read_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut paths: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    let mut table: Vec<Planted> = Vec::new();
    for path in paths {
        let failed = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
        let text = fs::read_to_string(&path).map_err(|error| failed(&error))?;
        let file: File = toml::from_str(&text).map_err(|error| failed(&error))?;
        table.extend(file.fault);
    }
    for (index, planted) in table.iter().enumerate() {
        if planted.cases.is_empty() {
            return Err(format!("no case is said to reject {}", planted.name));
        }
        if table[..index].iter().any(|other| other.name == planted.name) {
            return Err(format!("{} is there twice", planted.name));
        }
    }
    Ok(table)
}
