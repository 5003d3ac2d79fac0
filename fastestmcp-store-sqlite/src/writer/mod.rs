//! The one thread that writes, with group commit.

mod contention;
mod job;
mod transaction;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use fastestmcp_core::error::{Outcome, StoreErrorKind};
use rusqlite::Connection;

pub(crate) use self::job::{Job, Pending, WriteOperation};
pub(crate) use self::transaction::WriteTx;

use self::contention::Contention;
use self::transaction::Group;
use crate::checkpoint::{Checkpoints, LogBound};
use crate::clock::StoreClock;
use crate::config::{SqliteConfig, Synchronous};
use crate::error::Failure;
use crate::open;
use crate::queue::{Found, Queue};
use crate::watch::{Lost, Watch};

/// How many operations share one transaction.
const MAX_GROUP: usize = 512;
/// How many bytes of values share one transaction, beyond the operation that passes it: it bounds the log.
const MAX_GROUP_BYTES: usize = 8 << 20;

/// How long the callers of the last group are waited for at most.
const LONGEST_GATHERING: Duration = Duration::from_micros(300);

/// How long the renewal of the log waits for readers that are in its way. Until it is done nothing is written.
const RENEWAL: Duration = Duration::from_millis(500);

/// The queue of a writer.
pub(crate) type WriteQueue = Queue<Box<dyn Job>>;

/// Carries out queued writes on one connection, many per transaction.
pub(crate) struct Writer {
    pub(crate) connection: Connection,
    pub(crate) namespace: i64,
    pub(crate) clock: Arc<StoreClock>,
    pub(crate) queue: Arc<WriteQueue>,
    pub(crate) config: SqliteConfig,
    pub(crate) checkpoints: Arc<Checkpoints>,
    pub(crate) lost: Arc<Lost>,
    pub(crate) rhythm: Rhythm,
    /// The connection failed at something that must not fail: nothing is acknowledged on it any more.
    pub(crate) broken: bool,
}

/// What the last group was like. Callers that were answered together ask again together, a moment later: waiting that
/// moment commits them in one group instead of two.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Rhythm {
    members: usize,
    commit: Duration,
}

impl Rhythm {
    /// How long to wait for the callers of the last group: well below what another commit would cost them.
    fn patience(self) -> Duration {
        (self.commit / 2).min(LONGEST_GATHERING)
    }
}

impl Writer {
    /// Serves the queue until it is closed and empty, then moves the log into the file.
    pub(crate) fn run(mut self) -> Result<(), Failure> {
        let mut contention = Contention::default();
        let mut log = LogBound::new(&self.config.path, self.checkpoints.clone());
        let mut watch = Watch::new(&self.config.path, self.lost.clone());
        loop {
            let found = self.queue.wait(Duration::from_secs(1));
            watch.look(&self.connection);
            match found {
                Found::Work => self.serve(&mut contention),
                Found::Nothing => self.keep_time(),
                Found::End => break,
            }
            log.keep(&self.connection);
        }
        match self.lost.check() {
            Err(lost) if !watch.only_the_log_is_missing() => Err(lost),
            _ => self.checkpoints.complete(&self.connection, self.config.timeout / 2),
        }
    }

    /// Whether the connection may be written with: after a failure that leaves in doubt what is on the disk the file is
    /// opened anew first (G4). The log begins anew with it: a system that could not write a part of it may have forgotten
    /// that, and whatever is acknowledged behind a hole is lost with the power.
    fn is_fit(&mut self) -> Result<(), Failure> {
        self.lost.check()?;
        if self.broken {
            self.connection = open::reopen(&self.config)?;
            self.checkpoints.complete(&self.connection, RENEWAL)?;
            self.broken = false;
            tracing::warn!(file = %self.config.path.display(), "the file was opened anew after a failure");
        }
        Ok(())
    }

    fn serve(&mut self, contention: &mut Contention) {
        if let Err(failure) = self.is_fit() {
            return self.refuse(&failure);
        }
        let relaxed = self.config.synchronous == Synchronous::Full && self.queue.all(|job| !job.is_durable());
        if relaxed && self.set_synchronous("NORMAL").is_err() {
            return self.refuse(&Failure::Corrupt("the commit mode cannot be changed"));
        }
        let rhythm = self.rhythm;
        if rhythm.members > 1 {
            self.queue.gather(rhythm.members, rhythm.patience());
        }
        let queue = self.queue.clone();
        match self.lock(contention, || queue.retain(|job| !job.is_over())) {
            Ok(true) => {
                let mut bytes = 0;
                let jobs = self.queue.take(MAX_GROUP, |job| {
                    let fits = bytes <= MAX_GROUP_BYTES;
                    bytes += job.bytes();
                    fits && !(relaxed && job.is_durable())
                });
                self.commit_together(jobs.into_iter().filter(|job| job.start()).collect(), contention);
            }
            Ok(false) => {}
            Err(failure) => self.refuse(&failure),
        }
        if relaxed {
            // FULL is never lost: a connection that could not be set back must not acknowledge anything.
            if let Err(failure) = self.set_synchronous("FULL") {
                self.doubt(&failure, "the commit mode could not be set back");
            }
        }
        if let Some(pause) = contention.pause() {
            thread::sleep(pause);
        }
    }

    /// Takes the write lock; false if nobody waits for it any more.
    fn lock(&mut self, contention: &mut Contention, wanted: impl Fn() -> bool) -> Result<bool, Failure> {
        loop {
            match self.begin() {
                Ok(version) => {
                    contention.locked(version);
                    return Ok(true);
                }
                Err(failure) if failure.is_busy() => {
                    if !wanted() {
                        return Ok(false);
                    }
                    thread::sleep(contention.busy());
                }
                Err(failure) => {
                    self.roll_back();
                    return Err(failure);
                }
            }
        }
    }

    /// Begins, and answers what changes with every commit of another connection.
    fn begin(&self) -> Result<i64, Failure> {
        self.execute("BEGIN IMMEDIATE")?;
        Ok(self.connection.prepare_cached("PRAGMA data_version")?.query_row([], |row| row.get(0))?)
    }

    fn commit_together(&mut self, mut jobs: Vec<Box<dyn Job>>, contention: &mut Contention) {
        match self.execute_all(&mut jobs) {
            Ok(wrote) => {
                self.finish(jobs);
                if wrote {
                    contention.committed();
                    self.checkpoints.committed();
                }
            }
            Err(failure) => {
                self.roll_back();
                if jobs.len() == 1 {
                    return fail_all(jobs, &failure, Outcome::NotApplied);
                }
                for job in jobs {
                    self.commit_alone(job, contention);
                }
            }
        }
    }

    fn commit_alone(&mut self, job: Box<dyn Job>, contention: &mut Contention) {
        let deadline = job.deadline();
        if let Err(failure) = self.is_fit() {
            return job.fail(&failure, Outcome::NotApplied);
        }
        match self.lock(contention, || Instant::now() < deadline) {
            Ok(true) => self.commit_together(vec![job], contention),
            Ok(false) => job.fail(&Failure::Late, Outcome::NotApplied),
            Err(failure) => job.fail(&failure, Outcome::NotApplied),
        }
    }

    /// True if anything was written.
    fn execute_all(&self, jobs: &mut [Box<dyn Job>]) -> Result<bool, Failure> {
        let group = Group::begun(&self.connection)?;
        for job in jobs {
            let tx = group.member(self.namespace, &self.clock);
            catch_unwind(AssertUnwindSafe(|| job.run(&tx))).map_err(|_| Failure::Panicked)??;
        }
        group.seal()
    }

    fn finish(&mut self, jobs: Vec<Box<dyn Job>>) {
        let begun = Instant::now();
        let committed = self.execute("COMMIT");
        self.rhythm = Rhythm { members: jobs.len(), commit: begun.elapsed() };
        match committed {
            Ok(()) => jobs.into_iter().for_each(Job::acknowledge),
            Err(failure) => {
                // A full disk cut the log before its commit mark; a busy lock kept it from being written at all.
                let outcome = match failure.kind() {
                    StoreErrorKind::StorageFull | StoreErrorKind::Contention => Outcome::NotApplied,
                    _ => Outcome::Unknown,
                };
                if outcome == Outcome::Unknown {
                    self.doubt(&failure, "a commit failed");
                }
                self.roll_back();
                fail_all(jobs, &failure, outcome);
            }
        }
    }

    fn doubt(&mut self, failure: &Failure, what: &'static str) {
        tracing::error!(%failure, file = %self.config.path.display(), "{what}");
        self.broken = true;
    }

    fn roll_back(&mut self) {
        // Some storage errors have rolled it back already.
        if !self.connection.is_autocommit()
            && let Err(failure) = self.execute("ROLLBACK")
        {
            self.doubt(&failure, "a rollback failed");
        }
    }

    /// Fails what waits, because the lock cannot be taken at all.
    fn refuse(&self, failure: &Failure) {
        let jobs = self.queue.take(MAX_GROUP, |_| true);
        fail_all(jobs.into_iter().filter(|job| job.start()).collect(), failure, Outcome::NotApplied);
    }

    /// Lets other processes know how far the store's time is while the host's clock is behind it (G1).
    fn keep_time(&mut self) {
        if !self.clock.host_lags() || self.is_fit().is_err() || self.execute("BEGIN IMMEDIATE").is_err() {
            return;
        }
        let stamped = Group::begun(&self.connection).and_then(|group| {
            group.member(self.namespace, &self.clock);
            group.stamp()
        });
        if let Err(failure) = stamped.and_then(|()| self.execute("COMMIT")) {
            if !failure.is_busy() {
                self.doubt(&failure, "the time could not be kept");
            }
            self.roll_back();
        }
    }

    fn set_synchronous(&self, mode: &str) -> Result<(), Failure> {
        Ok(self.connection.pragma_update(None, "synchronous", mode)?)
    }

    fn execute(&self, sql: &str) -> Result<(), Failure> {
        self.connection.prepare_cached(sql)?.execute([])?;
        Ok(())
    }
}

fn fail_all(jobs: Vec<Box<dyn Job>>, failure: &Failure, outcome: Outcome) {
    jobs.into_iter().for_each(|job| job.fail(failure, outcome));
}
