//! The programs behind the test servers, a browser, and Python: found, or installed where that is possible.

use std::env;
use std::fs;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Asked by the scripts of a package before they start a service.
const POLICY: &str = "/usr/sbin/policy-rc.d";

struct Program {
    name: &'static str,
    package: &'static str,
    /// What `FASTESTMCP_TEST_WITHOUT` calls those that need all of these.
    kinds: &'static [&'static str],
}

const PROGRAMS: &[Program] = &[
    Program { name: "redis-server", package: "redis-server", kinds: &["redis"] },
    Program { name: "redis-cli", package: "redis-tools", kinds: &["redis"] },
    Program { name: "initdb", package: "postgresql", kinds: &["postgres"] },
    Program { name: "pgbouncer", package: "pgbouncer", kinds: &["postgres", "pgbouncer"] },
    Program { name: "nginx", package: "nginx-light", kinds: &["nginx"] },
    Program { name: "openssl", package: "openssl", kinds: &["openssl"] },
    // Whoever runs the third-party clients cannot do without them.
    Program { name: "chromium", package: "chromium", kinds: &[] },
    Program { name: "python3", package: "python3-venv", kinds: &[] },
];

/// The kinds of servers that whoever runs the tests does without.
pub(crate) fn left_out() -> Vec<String> {
    let without = env::var("FASTESTMCP_TEST_WITHOUT").unwrap_or_default();
    without.split(',').map(str::trim).filter(|kind| !kind.is_empty()).map(str::to_owned).collect()
}

/// Installs what is missing and not left out on purpose; says what to install where it cannot.
pub(crate) fn install() -> Result<(), String> {
    let missing = missing();
    if missing.is_empty() {
        return Ok(());
    }
    let names = missing.join(" ");
    let by_hand = format!("install {names} for the test servers, or leave servers out with FASTESTMCP_TEST_WITHOUT");
    if !is_root() || find("apt-get").is_none() {
        return Err(by_hand);
    }
    println!("installing {names}");
    let _quiet = NoServices::begin()?;
    apt(&["update", "--quiet"])?;
    apt(&[&["install", "--quiet", "--yes", "--no-install-recommends"], missing.as_slice()].concat())?;
    if self::missing().is_empty() { Ok(()) } else { Err(by_hand) }
}

fn missing() -> Vec<&'static str> {
    let left_out = left_out();
    let wanted = |program: &&Program| left_out.iter().all(|kind| !program.kinds.contains(&kind.as_str()));
    let lacking = |program: &&Program| find(program.name).is_none();
    PROGRAMS.iter().filter(wanted).filter(lacking).map(|program| program.package).collect()
}

/// In the path, or where Debian keeps the programs of Postgres.
pub(crate) fn find(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let postgres = versions.filter_map(|version| Some(version.ok()?.path().join("bin")));
    let folders = env::split_paths(&path).chain(["/usr/sbin".into()]).chain(postgres);
    folders.map(|folder| folder.join(name)).find(|file| file.is_file())
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output();
    id.is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

fn apt(arguments: &[&str]) -> Result<(), String> {
    let status = Command::new("apt-get").args(arguments).env("DEBIAN_FRONTEND", "noninteractive").status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("apt-get {}: {status}", arguments.join(" "))),
        Err(error) => Err(format!("apt-get: {error}")),
    }
}

/// While it lives, packages start no service: the tests run servers of their own.
struct NoServices {
    ours: bool,
}

impl NoServices {
    fn begin() -> Result<Self, String> {
        if Path::new(POLICY).exists() {
            // Whoever runs this machine has a policy already.
            return Ok(Self { ours: false });
        }
        let file = fs::OpenOptions::new().write(true).create_new(true).mode(0o755).open(POLICY);
        let written = file.and_then(|mut file| file.write_all(b"#!/bin/sh\nexit 101\n"));
        written.map(|()| Self { ours: true }).map_err(|error| format!("{POLICY}: {error}"))
    }
}

impl Drop for NoServices {
    fn drop(&mut self) {
        if self.ours
            && let Err(error) = fs::remove_file(POLICY)
        {
            eprintln!("{POLICY}, made by xtask, could not be removed: {error}");
        }
    }
}
