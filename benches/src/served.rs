use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, ChildStdin, Command};

use crate::report::{BenchError, BenchResult};

/// `/proc` counts in hundredths of a second on every Linux.
const TICK: Duration = Duration::from_millis(10);

/// An HTTP server in a process of its own, which says where it listens on its first line. Gone when dropped.
pub(crate) struct Served {
    process: Child,
    _input: ChildStdin,
    pub(crate) address: SocketAddr,
}

impl Served {
    pub(crate) async fn start(program: &Path, arguments: &[&str]) -> BenchResult<Self> {
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        // Where jemalloc counts: threads keep nothing of what was given back, so that it counts what is in use.
        command.env("MALLOC_CONF", "tcache:false");
        let mut process = command.spawn()?;
        let (Some(input), Some(output)) = (process.stdin.take(), process.stdout.take()) else {
            return Err(BenchError::wrong("a server without pipes"));
        };
        let line = BufReader::new(output).lines().next_line().await?.unwrap_or_default();
        let wrong = |_| BenchError::wrong(format!("{} listens at {line:?}", program.display()));
        let address = line.parse().map_err(wrong)?;
        Ok(Self { process, _input: input, address })
    }

    /// The memory of it that is in place, in bytes.
    pub(crate) fn resident(&self) -> BenchResult<u64> {
        let id = self.process.id().ok_or_else(|| BenchError::wrong("a server ended"))?;
        let status = std::fs::read_to_string(format!("/proc/{id}/status"))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
        let kibibytes = line.trim().trim_end_matches(" kB").parse::<u64>().map_err(BenchError::wrong)?;
        Ok(kibibytes << 10)
    }

    /// The processor time that it has used so far, its own and the system's for it.
    pub(crate) fn processor_time(&self) -> BenchResult<Duration> {
        let id = self.process.id().ok_or_else(|| BenchError::wrong("a server ended"))?;
        let stat = std::fs::read_to_string(format!("/proc/{id}/stat"))?;
        // The name, in parentheses, may hold anything; user and system time are the 12th and 13th after it.
        let after = stat.rsplit_once(')').map_or("", |(_, after)| after);
        let ticks: Option<u32> = after.split_whitespace().skip(11).take(2).map(|field| field.parse::<u32>().ok()).sum();
        Ok(TICK * ticks.ok_or_else(|| BenchError::wrong(format!("no times in {stat:?}")))?)
    }
}
