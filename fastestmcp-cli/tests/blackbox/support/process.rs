use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_fastestmcp");
const PATIENCE: Duration = Duration::from_secs(20);

/// A running `fastestmcp demo`; killed when it is dropped.
pub(crate) struct Process {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: Receiver<String>,
    stderr: Receiver<String>,
}

/// The binary, in an environment that says nothing about it, also if these tests are run by something that ignores
/// SIGHUP, as `nohup` does.
pub(crate) fn command() -> Command {
    let mut command = Command::new("env");
    command.args(["--default-signal=HUP", BINARY]);
    for variable in ["RUST_LOG", "NO_COLOR", "FASTESTMCP_STORE", "FASTESTMCP_LOG_FORMAT"] {
        command.env_remove(variable);
    }
    command
}

impl Process {
    pub(crate) fn start(arguments: &[String]) -> Self {
        Self::start_logging(arguments, &[])
    }

    /// With logs as these environment variables say.
    pub(crate) fn start_logging(arguments: &[String], environment: &[(&str, &str)]) -> Self {
        Self::spawn(command().arg("demo").args(arguments).envs(environment.iter().copied()))
    }

    pub(crate) fn spawn(command: &mut Command) -> Self {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let stdin = child.stdin.take();
        let stdout = lines(child.stdout.take().unwrap());
        let stderr = lines(child.stderr.take().unwrap());
        Self { child, stdin, stdout, stderr }
    }

    /// The next line on standard output; `None` at its end.
    pub(crate) fn line(&self) -> Option<String> {
        match self.stdout.recv_timeout(PATIENCE) {
            Ok(line) => Some(line),
            Err(RecvTimeoutError::Disconnected) => None,
            Err(RecvTimeoutError::Timeout) => panic!("the server says nothing on standard output"),
        }
    }

    /// What it has not yet been asked for on standard output, and all of standard error, once it has ended.
    pub(crate) fn rest(&self) -> (Vec<String>, Vec<String>) {
        (self.stdout.iter().collect(), self.stderr.iter().collect())
    }

    /// Writes a line to standard input, as it is.
    pub(crate) fn write(&mut self, line: &[u8]) -> std::io::Result<()> {
        let stdin = self.stdin.as_mut().unwrap();
        stdin.write_all(line)?;
        stdin.write_all(b"\n")?;
        stdin.flush()
    }

    /// Ends its input, as a client that leaves does.
    pub(crate) fn close_input(&mut self) {
        self.stdin = None;
    }

    /// kill -9.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// kill -STOP.
    pub(crate) fn pause(&self) {
        self.signal(Signal::STOP);
    }

    /// kill -CONT.
    pub(crate) fn resume(&self) {
        self.signal(Signal::CONT);
    }

    /// kill -TERM.
    pub(crate) fn terminate(&self) {
        self.signal(Signal::TERM);
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Its status, if it has ended.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().unwrap()
    }

    pub(crate) fn wait(&mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself, which is all right too.
        drop(self.child.kill());
        drop(self.child.wait());
        if thread::panicking() {
            for line in self.stderr.try_iter() {
                eprintln!("server: {line}");
            }
        }
    }
}

/// Reads lines on a thread, so that the process never waits for a reader.
pub(crate) fn lines(output: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    receiver
}
