//! Keeps the log short without standing in the way of commits.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};
use rusqlite::Connection;

use crate::error::Failure;
use crate::open::files_of;

/// Frames (pages) in the log before the checkpointer starts to move them.
const MOVE_FROM: i64 = 1_000;
/// Frames in the log at which the writer is asked to start it anew: 24 MiB.
const RESTART_FROM: i64 = 6_000;
/// How few unmoved frames the writer should find then, since it moves them between two commits.
const FEW: i64 = 256;
/// Bytes of the log's file at which the writer stops and waits until it is moved: a checkpointer that cannot keep up,
/// because the disk is slow or it gets no processor, must not let it grow without end.
const TOO_LONG: u64 = 40 << 20;
/// How long the writer waits then for whoever is in the way, and how long it lets them be if they do not leave.
const WAIT: Duration = Duration::from_secs(1);
const LET_BE: Duration = Duration::from_secs(10);
/// How often the log is looked at while there are commits.
const INTERVAL: Duration = Duration::from_millis(20);

/// What the writer and the checkpointer tell each other.
#[derive(Debug, Default)]
pub(crate) struct Checkpoints {
    state: Mutex<State>,
    changed: Condvar,
    active: AtomicBool,
    restart: AtomicBool,
}

#[derive(Debug, Default)]
struct State {
    woken: bool,
    closed: bool,
}

impl Checkpoints {
    /// There was a commit.
    pub(crate) fn committed(&self) {
        if !self.active.swap(true, Ordering::AcqRel) {
            self.state.lock().woken = true;
            self.changed.notify_one();
        }
    }

    /// Whether the writer is asked to start the log anew, which it does between two transactions. If a reader or another
    /// process is in the way then, the checkpointer asks again.
    fn take_request(&self) -> bool {
        self.restart.load(Ordering::Relaxed) && self.restart.swap(false, Ordering::AcqRel)
    }

    /// Moves the whole log into the file, so that the file is complete by itself (R7) and what comes is written to an
    /// empty log. Between two transactions of the writer.
    pub(crate) fn complete(&self, connection: &Connection, patience: Duration) -> Result<(), Failure> {
        let given_up = Instant::now() + patience;
        loop {
            let failure = match try_checkpoint(connection, Mode::Truncate) {
                Ok(log) if !log.busy => return Ok(()),
                Ok(_) => Failure::LogInUse,
                Err(error) => error.into(),
            };
            if !failure.is_busy() || Instant::now() >= given_up {
                return Err(failure);
            }
            thread::sleep(Duration::from_millis(1));
        }
    }

    pub(crate) fn close(&self) {
        self.state.lock().closed = true;
        self.changed.notify_one();
    }

    /// Blocks until there were commits; false once closed.
    fn wait(&self) -> bool {
        let mut state = self.state.lock();
        while !state.woken && !state.closed {
            self.changed.wait(&mut state);
        }
        state.woken = false;
        if !state.closed {
            self.changed.wait_for(&mut state, INTERVAL);
        }
        !state.closed
    }
}

/// The writer's part: keeps the log from growing while it commits.
#[derive(Debug)]
pub(crate) struct LogBound {
    log: PathBuf,
    checkpoints: Arc<Checkpoints>,
    let_be_until: Option<Instant>,
}

impl LogBound {
    pub(crate) fn new(database: &Path, checkpoints: Arc<Checkpoints>) -> Self {
        let [_, log, _] = files_of(database);
        Self { log, checkpoints, let_be_until: None }
    }

    /// Called between two transactions.
    pub(crate) fn keep(&mut self, connection: &Connection) {
        if self.checkpoints.take_request() {
            checkpoint(connection, Mode::Restart);
        }
        if fs::metadata(&self.log).is_ok_and(|log| log.len() > TOO_LONG)
            && self.let_be_until.is_none_or(|until| Instant::now() >= until)
        {
            let given_up = Instant::now() + WAIT;
            // Another checkpoint that runs is not waited for by the library, whatever its busy handler.
            while checkpoint(connection, Mode::Truncate).is_none_or(|log| log.busy) {
                if Instant::now() >= given_up {
                    self.let_be_until = Some(Instant::now() + LET_BE);
                    return;
                }
                thread::sleep(Duration::from_millis(1));
            }
        }
    }
}

/// The thread that checkpoints, on a connection of its own.
pub(crate) struct Checkpointer {
    pub(crate) connection: Connection,
    pub(crate) checkpoints: Arc<Checkpoints>,
}

impl Checkpointer {
    pub(crate) fn run(self) {
        while self.checkpoints.wait() {
            self.checkpoints.active.store(false, Ordering::Release);
            let Some(log) = checkpoint(&self.connection, Mode::Noop) else { continue };
            let mut left = log.frames - log.moved;
            if left >= MOVE_FROM {
                checkpoint(&self.connection, Mode::Passive);
                left = checkpoint(&self.connection, Mode::Noop).map_or(left, |log| log.frames - log.moved);
            }
            if log.frames >= RESTART_FROM {
                // What was committed meanwhile is moved once more, so that the writer has little left to do.
                if left > FEW {
                    checkpoint(&self.connection, Mode::Passive);
                }
                self.checkpoints.restart.store(true, Ordering::Release);
            }
        }
    }
}

#[derive(Clone, Copy, Debug)]
enum Mode {
    /// Only tells how long the log is.
    Noop,
    /// Moves what no reader needs, and waits for nobody.
    Passive,
    /// Moves everything, so that the next commit starts the log anew.
    Restart,
    /// Also cuts the log's file.
    Truncate,
}

impl Mode {
    const fn pragma(self) -> &'static str {
        match self {
            Self::Noop => "PRAGMA wal_checkpoint(NOOP)",
            Self::Passive => "PRAGMA wal_checkpoint(PASSIVE)",
            Self::Restart => "PRAGMA wal_checkpoint(RESTART)",
            Self::Truncate => "PRAGMA wal_checkpoint(TRUNCATE)",
        }
    }
}

/// Frames in the log, and how many of them are in the file already.
struct Log {
    /// Somebody was in the way.
    busy: bool,
    frames: i64,
    moved: i64,
}

/// Whether the log holds what is not in the file yet.
pub(crate) fn has_unmoved(connection: &Connection) -> bool {
    checkpoint(connection, Mode::Noop).is_none_or(|log| log.frames != log.moved)
}

fn try_checkpoint(connection: &Connection, mode: Mode) -> rusqlite::Result<Log> {
    connection
        .prepare_cached(mode.pragma())?
        .query_row([], |row| Ok(Log { busy: row.get(0)?, frames: row.get(1)?, moved: row.get(2)? }))
}

/// Runs a checkpoint. Being refused is no error: it is tried again when the log has grown.
fn checkpoint(connection: &Connection, mode: Mode) -> Option<Log> {
    match try_checkpoint(connection, mode) {
        Ok(log) => Some(log),
        Err(error) => {
            tracing::debug!(%error, ?mode, "checkpoint refused");
            None
        }
    }
}
