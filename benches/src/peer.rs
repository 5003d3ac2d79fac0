use std::path::PathBuf;
use std::process::Stdio;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use crate::report::{BenchError, BenchResult};

/// Another library in a process of its own. One line asks, one line answers:
///
/// | line | does | answer |
/// |---|---|---|
/// | `open PATH` | creates a database | `ok` |
/// | `commit CALLERS MILLIS` | upserts distinct 1 KiB values from so many callers | `rate PER_SECOND` |
/// | `load CALLERS MILLIS` | reads them | `rate PER_SECOND` |
/// | `tasks PRODUCERS BATCH TOTAL` | pushes and processes tasks | `rate PER_SECOND` |
///
/// Anything else is what went wrong.
pub(crate) struct Peer {
    name: String,
    _process: Child,
    to: ChildStdin,
    from: Lines<BufReader<ChildStdout>>,
}

/// Where a peer's program is.
#[derive(Clone, Debug)]
pub(crate) struct PeerPath {
    pub(crate) name: String,
    pub(crate) program: PathBuf,
}

impl std::str::FromStr for PeerPath {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, program) = text.split_once('=').ok_or("expected NAME=PROGRAM")?;
        Ok(Self { name: name.to_owned(), program: program.into() })
    }
}

impl Peer {
    pub(crate) fn start(path: &PeerPath) -> BenchResult<Self> {
        let mut process =
            Command::new(&path.program).stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true).spawn()?;
        match (process.stdin.take(), process.stdout.take()) {
            (Some(to), Some(from)) => {
                Ok(Self { name: path.name.clone(), _process: process, to, from: BufReader::new(from).lines() })
            }
            _ => Err(BenchError::wrong("a peer without pipes")),
        }
    }

    /// Asks and waits for the answer.
    async fn ask(&mut self, line: &str) -> BenchResult<String> {
        self.to.write_all(format!("{line}\n").as_bytes()).await?;
        let answer = self.from.next_line().await?;
        answer.ok_or_else(|| BenchError::wrong(format!("peer {} ended at `{line}`", self.name)))
    }

    /// Opens a fresh database.
    pub(crate) async fn open(&mut self, path: &std::path::Path) -> BenchResult<()> {
        match self.ask(&format!("open {}", path.display())).await?.as_str() {
            "ok" => Ok(()),
            other => Err(BenchError::wrong(format!("peer {}: {other}", self.name))),
        }
    }

    /// Asks for something that has a rate.
    pub(crate) async fn rate(&mut self, line: &str) -> BenchResult<f64> {
        let answer = self.ask(line).await?;
        let rate = answer.strip_prefix("rate ").and_then(|rate| rate.parse().ok());
        rate.ok_or_else(|| BenchError::wrong(format!("peer {} at `{line}`: {answer}", self.name)))
    }
}
