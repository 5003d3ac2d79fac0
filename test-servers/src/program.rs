//! Finding and running programs.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::ServerError;

/// Where Debian and its like keep the programs of each version of Postgres; none of them is in the path.
const POSTGRES: &str = "/usr/lib/postgresql";

/// A program in the path.
pub(crate) fn find(program: &'static str, package: &'static str) -> Result<PathBuf, ServerError> {
    in_path(program).ok_or(ServerError::Missing { program, package })
}

/// A program of Postgres: in the path, else of the newest version that is installed.
pub(crate) fn find_postgres(program: &'static str) -> Result<PathBuf, ServerError> {
    let missing = || ServerError::Missing { program, package: "postgresql" };
    in_path(program).or_else(|| installed(program)).ok_or_else(missing)
}

fn in_path(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    // An ordinary user's path may lack these.
    let more = ["/usr/sbin", "/sbin", "/usr/local/bin"].map(PathBuf::from);
    env::split_paths(&path).chain(more).map(|folder| folder.join(program)).find(|found| found.is_file())
}

fn installed(program: &str) -> Option<PathBuf> {
    let versions = fs::read_dir(POSTGRES).ok()?.filter_map(|entry| Some(entry.ok()?.path()));
    let number = |folder: &Path| folder.file_name()?.to_str()?.parse::<u32>().ok();
    let mut found: Vec<_> = versions.filter_map(|folder| Some((number(&folder)?, folder.join("bin")))).collect();
    found.sort();
    found.into_iter().rev().map(|(_, folder)| folder.join(program)).find(|found| found.is_file())
}

/// Runs SQL with `psql` in a session of its own; what it printed, unaligned and without headings.
pub(crate) fn psql(url: &str, sql: &str) -> Result<String, ServerError> {
    let psql = find_postgres("psql")?;
    let printed = run(&[psql.as_os_str(), url.as_ref(), "-XAtqc".as_ref(), sql.as_ref()])?;
    Ok(printed.trim().to_owned())
}

/// Runs it to its end; what it printed.
pub(crate) fn run<A: AsRef<OsStr>>(command: &[A]) -> Result<String, ServerError> {
    let (program, arguments) = command.split_first().ok_or_else(|| ServerError::Failed("no program".to_owned()))?;
    let name = Path::new(program).display();
    let output = Command::new(program).args(arguments).output().map_err(|error| ServerError::failed(&name, error))?;
    if !output.status.success() {
        return Err(ServerError::failed(name, String::from_utf8_lossy(&output.stderr)));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
