use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;

use super::results::at;
use crate::{cargo, root};

/// How the server says that it can be reached.
const LISTENING: &str = "listening on ";

/// The server under test: a process of our own, stopped when this is dropped.
pub(super) struct Fixture {
    process: Child,
    url: String,
}

impl Fixture {
    /// Builds the server as the tests did, starts it on a free port, and returns once it listens.
    pub(super) fn start(store: &str, folder: &Path) -> Result<Self, String> {
        let built = Command::new(cargo())
            .args(["build", "--quiet", "-p", "fastestmcp-examples", "--example", "mcp-conformance"])
            .current_dir(root())
            .status()
            .map_err(|error| format!("cargo did not start: {error}"))?;
        if !built.success() {
            return Err("the server does not build".to_owned());
        }
        let path = folder.join("server.log");
        let mut log = File::create(&path).map_err(at(&path))?;
        let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), Into::into);
        let mut process = Command::new(target.join("debug/examples/mcp-conformance"))
            .args([store, "127.0.0.1:0"])
            .env("RUST_LOG", "info")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| format!("the server did not start: {error}"))?;
        let mut lines = process.stderr.take().map(|stderr| BufReader::new(stderr).lines());
        // From here on the process is stopped on every path.
        let mut fixture = Self { process, url: String::new() };
        for line in lines.iter_mut().flatten().map_while(Result::ok) {
            writeln!(log, "{line}").map_err(at(&path))?;
            if let Some(address) = line.strip_prefix(LISTENING) {
                fixture.url = format!("http://{address}/mcp");
                break;
            }
        }
        if fixture.url.is_empty() {
            return Err(format!("the server ended before it listened; see {}", path.display()));
        }
        // A server whose standard error nobody reads stops at a full pipe.
        thread::spawn(move || {
            for line in lines.into_iter().flatten().map_while(Result::ok) {
                if writeln!(log, "{line}").is_err() {
                    break;
                }
            }
        });
        Ok(fixture)
    }

    /// Its endpoint.
    pub(super) fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Fixture {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to stop.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
