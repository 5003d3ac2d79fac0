//! The threads that read, several waiting reads per snapshot.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use fastestmcp_core::backend::{At, Ticket};
use fastestmcp_core::error::{Outcome, StoreResult};
use rusqlite::Connection;
use tokio::sync::oneshot;

use crate::clock::StoreClock;
use crate::error::Failure;
use crate::open;
use crate::queue::{Found, Queue};
use crate::snapshot::{Meta, Snapshot};
use crate::writer::{WriteOperation, WriteTx};

/// How many reads share one snapshot.
const MAX_BATCH: usize = 32;
/// How long a snapshot that is held up (by recovery of a log, or its removal) is tried for.
const PATIENCE: Duration = Duration::from_secs(2);

/// The queue of the readers.
pub(crate) type ReadQueue = Queue<Box<dyn ReadJob>>;

/// A read as a value.
pub(crate) trait ReadOperation: Send + 'static {
    type Answer: Send + 'static;
    const NAME: &'static str;

    fn run(&self, snapshot: &Snapshot<'_>) -> Result<Self::Answer, Failure>;
}

/// What became of a read without the lock.
pub(crate) enum Glance<O: ReadOperation> {
    Answered(At<O::Answer>),
    /// It met something that looks expired, which only the lock can decide: a write that read the clock in time may be
    /// about to be committed.
    Unsettled(O),
}

/// A read through the lock.
#[derive(Debug)]
pub(crate) struct Settled<O>(pub(crate) O);

impl<O: ReadOperation> WriteOperation for Settled<O> {
    type Answer = O::Answer;
    const NAME: &'static str = O::NAME;
    const DURABLE: bool = false;

    fn apply(&mut self, tx: &WriteTx<'_>) -> Result<O::Answer, Failure> {
        self.0.run(tx)
    }
}

/// A queued read of any kind.
pub(crate) trait ReadJob: Send {
    fn start(&self) -> bool;
    fn answer(self: Box<Self>, snapshot: &Snapshot<'_>);
    fn fail(self: Box<Self>, failure: &Failure);
}

/// A read with the caller that waits for it.
pub(crate) struct PendingRead<O: ReadOperation> {
    pub(crate) operation: O,
    pub(crate) ticket: Ticket,
    pub(crate) reply: oneshot::Sender<StoreResult<Glance<O>>>,
}

impl<O: ReadOperation> ReadJob for PendingRead<O> {
    fn start(&self) -> bool {
        self.ticket.start()
    }

    fn answer(self: Box<Self>, snapshot: &Snapshot<'_>) {
        let Self { operation, reply, .. } = *self;
        let answer = catch_unwind(AssertUnwindSafe(|| operation.run(snapshot))).unwrap_or(Err(Failure::Panicked));
        let glance = answer.map(|value| match snapshot.has_met_expired() {
            true => Glance::Unsettled(operation),
            false => Glance::Answered(At::new(snapshot.now, value)),
        });
        let _ = reply.send(glance.map_err(|failure| failure.to_error(O::NAME, Outcome::NotApplied)));
    }

    fn fail(self: Box<Self>, failure: &Failure) {
        let _ = self.reply.send(Err(failure.to_error(O::NAME, Outcome::NotApplied)));
    }
}

/// Carries out queued reads on one connection.
pub(crate) struct Reader {
    pub(crate) connection: Connection,
    pub(crate) namespace: i64,
    pub(crate) clock: Arc<StoreClock>,
    pub(crate) queue: Arc<ReadQueue>,
    pub(crate) path: PathBuf,
    /// The connection failed at what must not fail: another one is opened first.
    pub(crate) broken: bool,
}

impl Reader {
    /// Serves the queue until it is closed and empty.
    pub(crate) fn run(mut self) {
        loop {
            match self.queue.wait(Duration::from_secs(3600)) {
                Found::Work => self.serve(),
                Found::Nothing => {}
                Found::End => return,
            }
        }
    }

    fn serve(&mut self) {
        // Taken before the snapshot is: each must see what was acknowledged before it was asked.
        let jobs = self.queue.take(MAX_BATCH, |_| true);
        let jobs: Vec<_> = jobs.into_iter().filter(|job| job.start()).collect();
        if jobs.is_empty() {
            return;
        }
        match self.begin() {
            Ok(meta) => {
                for job in jobs {
                    let now = self.clock.now(meta.stamp);
                    job.answer(&Snapshot::new(&self.connection, self.namespace, now));
                }
            }
            Err(failure) => {
                self.broken = !failure.is_busy();
                jobs.into_iter().for_each(|job| job.fail(&failure));
            }
        }
        if let Err(failure) = self.end() {
            tracing::error!(%failure, "a read transaction did not end");
            self.broken = true;
        }
    }

    fn begin(&mut self) -> Result<Meta, Failure> {
        if self.broken {
            self.connection = open::connect(&self.path)?;
            self.broken = false;
        }
        let started = Instant::now();
        loop {
            match self.execute("BEGIN").and_then(|()| Ok(Meta::read(&self.connection)?)) {
                Err(failure) if failure.is_busy() && started.elapsed() < PATIENCE => {
                    self.end()?;
                    thread::sleep(Duration::from_millis(1));
                }
                outcome => return outcome,
            }
        }
    }

    fn end(&self) -> Result<(), Failure> {
        if self.connection.is_autocommit() {
            return Ok(());
        }
        self.execute("COMMIT")
    }

    fn execute(&self, sql: &str) -> Result<(), Failure> {
        self.connection.prepare_cached(sql)?.execute([])?;
        Ok(())
    }
}
