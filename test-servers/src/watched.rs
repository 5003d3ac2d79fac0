use std::ffi::OsString;
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::ServerError;

const WATCHDOG: &str = include_str!("watchdog.sh");

/// A server process that lives no longer than this process, however this one ends.
#[derive(Debug)]
pub(crate) struct Watched {
    watchdog: Child,
    /// Closing it ends the server.
    pipe: Option<ChildStdin>,
    server: Pid,
}

impl Watched {
    /// Starts `command`; `at_once` is the signal that ends it without a clean-up and with all of its processes.
    pub(crate) fn spawn(command: &[OsString], at_once: &str, folder: &Path) -> Result<Self, ServerError> {
        let failed = |error| ServerError::failed("the watchdog", error);
        let mut watchdog = Command::new("sh")
            .args(["-c", WATCHDOG, "watchdog", at_once])
            .arg(folder)
            .args(command)
            // Its own group: a Ctrl-C reaches it as the end of the pipe, in order.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(failed)?;
        let pipe = watchdog.stdin.take();
        let mut line = String::new();
        if let Some(output) = watchdog.stdout.take() {
            BufReader::new(output).read_line(&mut line).map_err(failed)?;
        }
        let server = line.trim().parse().ok().and_then(Pid::from_raw);
        let server = server.ok_or_else(|| ServerError::failed("the watchdog said", &line))?;
        Ok(Self { watchdog, pipe, server })
    }

    /// The server's process id.
    pub(crate) fn id(&self) -> u32 {
        self.server.as_raw_nonzero().get().unsigned_abs()
    }

    /// Whether the server has ended, by itself or not.
    pub(crate) fn ended(&mut self) -> bool {
        !matches!(self.watchdog.try_wait(), Ok(None))
    }

    pub(crate) fn signal(&mut self, signal: Signal) -> Result<(), ServerError> {
        // The watchdog reaps the server and ends: before that the id cannot be another process.
        if self.ended() {
            return Err(ServerError::Failed("the server has ended by itself".to_owned()));
        }
        kill_process(self.server, signal).map_err(|error| ServerError::failed("signal", error))
    }

    /// Waits for its end.
    pub(crate) fn wait(&mut self, patience: Duration) -> Result<(), ServerError> {
        let start = Instant::now();
        while !self.ended() {
            if start.elapsed() > patience {
                return Err(ServerError::Failed(format!("the server did not end within {patience:?}")));
            }
            thread::sleep(Duration::from_millis(2));
        }
        Ok(())
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.pipe = None;
        // Nothing more can be done about a server that SIGKILL does not end.
        drop(self.wait(Duration::from_secs(10)));
    }
}
