use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;

use super::results::at;
use crate::{cargo, root};

/// How a process says where it listens, in a line of its standard error.
pub(super) const LISTENING: &str = "listening on ";

/// A process that listens, ended when this is dropped.
pub(super) struct Process {
    child: Child,
    address: String,
}

impl Process {
    /// Starts it and returns once it has said where it listens; `log` gets what it says.
    ///
    /// One that is given its standard input as a pipe ends with that, in order; any other is killed.
    pub(super) fn start(command: &mut Command, log: &Path) -> Result<Self, String> {
        let mut file = File::create(log).map_err(at(log))?;
        let started = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
        let mut child = started.map_err(|error| format!("{}: {error}", command.get_program().display()))?;
        let mut lines = child.stderr.take().map(|stderr| BufReader::new(stderr).lines());
        // From here on the process is ended on every path.
        let mut process = Self { child, address: String::new() };
        for line in lines.iter_mut().flatten().map_while(Result::ok) {
            writeln!(file, "{line}").map_err(at(log))?;
            if let Some(address) = line.strip_prefix(LISTENING) {
                process.address = address.to_owned();
                break;
            }
        }
        if process.address.is_empty() {
            return Err(format!("a process ended before it listened; see {}", log.display()));
        }
        // A process whose standard error nobody reads stops at a full pipe.
        thread::spawn(move || {
            for line in lines.into_iter().flatten().map_while(Result::ok) {
                if writeln!(file, "{line}").is_err() {
                    break;
                }
            }
        });
        Ok(process)
    }

    /// Where it listens, in its own words.
    pub(super) fn address(&self) -> &str {
        &self.address
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Either fails where it has ended by itself; then there is nothing to end.
        if self.child.stdin.take().is_none() {
            let _ = self.child.kill();
        }
        let _ = self.child.wait();
    }
}

/// Builds an example of a package as the tests did; a command that runs it.
pub(super) fn example(package: &str, name: &str) -> Result<Command, String> {
    let built = Command::new(cargo())
        .args(["build", "--quiet", "-p", package, "--example", name])
        .current_dir(root())
        .status()
        .map_err(|error| format!("cargo did not start: {error}"))?;
    if !built.success() {
        return Err(format!("the example {name} of {package} does not build"));
    }
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), Into::into);
    Ok(Command::new(target.join("debug/examples").join(name)))
}
