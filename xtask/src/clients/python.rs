use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::succeed;
use crate::test::require;

/// The versions of the Python SDK, each with a list of packages in `clients/python`.
const VERSIONS: [&str; 2] = ["mcp-1.14", "mcp-2.3"];

/// Makes an environment of its own for each version, unless it is there already; the folder that they are in.
pub(super) fn install(lists: &Path, target: &Path) -> Result<PathBuf, String> {
    require("python3", "Python 3.10 or newer with its module venv (Debian: apt-get install python3-venv)")?;
    let folder = target.join("clients");
    for version in VERSIONS {
        let list = lists.join(format!("{version}.txt"));
        environment(&list, &folder.join(version)).map_err(|error| format!("{version}: {error}"))?;
    }
    Ok(folder)
}

fn environment(list: &Path, folder: &Path) -> Result<(), String> {
    let wanted = fs::read(list).map_err(|error| format!("{}: {error}", list.display()))?;
    // Written last, so that one that was not finished is made again.
    let made = folder.join("made-of.txt");
    if fs::read(&made).is_ok_and(|made| made == wanted) {
        return Ok(());
    }
    succeed(Command::new("python3").args(["-m", "venv", "--clear"]).arg(folder))?;
    let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"];
    succeed(Command::new(folder.join("bin/python")).args(pip).arg(list))?;
    fs::write(&made, wanted).map_err(|error| format!("{}: {error}", made.display()))
}
