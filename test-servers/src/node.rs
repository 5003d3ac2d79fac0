use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use tempfile::TempDir;

use crate::ServerError;
use crate::watched::Watched;

/// How long a server may take to start or to stop.
const PATIENCE: Duration = Duration::from_secs(30);

/// How a server is started, asked whether it is ready, and stopped.
#[derive(Debug)]
pub(crate) struct Launch {
    pub(crate) command: Vec<OsString>,
    pub(crate) probe: Vec<OsString>,
    /// What the probe prints when the server is ready; its success alone does where this is empty.
    pub(crate) ready: &'static str,
    pub(crate) orderly: Signal,
    /// Ends it with all of its processes and no clean-up.
    pub(crate) at_once: &'static str,
}

/// One server on one folder and one port, up or down.
#[derive(Debug)]
pub(crate) struct Node {
    running: Mutex<Option<Watched>>,
    launch: Launch,
    port: u16,
    folder: TempDir,
}

impl Node {
    /// Starts it and waits until it is ready.
    pub(crate) fn start(launch: Launch, port: u16, folder: TempDir) -> Result<Self, ServerError> {
        let node = Self { running: Mutex::default(), launch, port, folder };
        node.start_again()?;
        Ok(node)
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    fn running(&self) -> MutexGuard<'_, Option<Watched>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The process id; `None` while it is down.
    pub(crate) fn id(&self) -> Option<u32> {
        self.running().as_ref().map(Watched::id)
    }

    pub(crate) fn start_again(&self) -> Result<(), ServerError> {
        let mut running = self.running();
        if running.as_mut().is_some_and(|watched| !watched.ended()) {
            return Ok(());
        }
        let mut watched = Watched::spawn(&self.launch.command, self.launch.at_once, self.folder())?;
        let start = Instant::now();
        while !self.ready() {
            if watched.ended() || start.elapsed() > PATIENCE {
                let output = fs::read_to_string(self.folder().join("output")).unwrap_or_default();
                return Err(ServerError::failed("the server did not start", output));
            }
            thread::sleep(Duration::from_millis(10));
        }
        *running = Some(watched);
        Ok(())
    }

    fn ready(&self) -> bool {
        let Some((program, arguments)) = self.launch.probe.split_first() else { return true };
        let output = Command::new(program).args(arguments).stdin(Stdio::null()).output();
        output.is_ok_and(|output| {
            output.status.success() && String::from_utf8_lossy(&output.stdout).contains(self.launch.ready)
        })
    }

    /// Ends it by a signal and waits for that.
    pub(crate) fn end_by(&self, signal: Signal) -> Result<(), ServerError> {
        let mut running = self.running();
        let Some(watched) = running.as_mut() else { return Ok(()) };
        if !watched.ended() {
            watched.signal(signal)?;
            watched.wait(PATIENCE)?;
        }
        *running = None;
        Ok(())
    }

    /// An orderly stop.
    pub(crate) fn stop(&self) -> Result<(), ServerError> {
        self.end_by(self.launch.orderly)
    }

    /// kill -9.
    pub(crate) fn kill(&self) -> Result<(), ServerError> {
        self.end_by(Signal::KILL)
    }

    pub(crate) fn signal(&self, signal: Signal) -> Result<(), ServerError> {
        match self.running().as_mut() {
            Some(watched) => watched.signal(signal),
            None => Err(ServerError::Failed("the server is down".to_owned())),
        }
    }
}
