use std::process::{Command, Stdio};

use tempfile::TempDir;

use super::process::command;

/// What a process said that was started without input and has ended by itself.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ended {
    /// `fastestmcp` with these arguments and these environment variables.
    pub(crate) fn of(arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        Self::run(command().args(arguments).envs(environment.iter().copied()))
    }

    pub(crate) fn run(command: &mut Command) -> Self {
        // What is no URL may be a path: nothing is left where the tests run.
        let folder = TempDir::new().unwrap();
        let output = command.current_dir(folder.path()).stdin(Stdio::null()).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Self { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }
}
