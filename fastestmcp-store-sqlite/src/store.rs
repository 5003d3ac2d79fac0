use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use fastestmcp_core::backend::{At, Backend, Durability, Guarantees, Reach, SweepBudget, Swept, Ticket};
use fastestmcp_core::error::{Outcome, StoreError, StoreErrorKind, StoreResult};
use fastestmcp_core::limits::{Limits, Refused};
use fastestmcp_core::time::StoreTime;
use parking_lot::Mutex;
use tokio::sync::{oneshot, watch};
use tokio::time::timeout_at;

use crate::checkpoint::{Checkpointer, Checkpoints};
use crate::clock::StoreClock;
use crate::config::{SqliteConfig, Synchronous};
use crate::error::{BACKEND, Failure};
use crate::event::{Listener, Wakes};
use crate::open;
use crate::queue::{Queue, Refusal};
use crate::reader::{Glance, PendingRead, ReadOperation, ReadQueue, Reader, Settled};
use crate::snapshot::Snapshot;
use crate::sweep;
use crate::watch::Lost;
use crate::writer::{Pending, Rhythm, WriteOperation, WriteQueue, Writer};

/// All three seams on one SQLite file. Clones share the connections.
///
/// Any number of stores, in any number of processes of one host, may have the same file open. Operations need a tokio
/// runtime with its time driver.
#[derive(Clone)]
pub struct SqliteStore {
    inner: Arc<Inner>,
}

struct Inner {
    config: SqliteConfig,
    limits: Limits,
    writes: Arc<WriteQueue>,
    reads: Arc<ReadQueue>,
    checkpoints: Arc<Checkpoints>,
    wakes: Arc<Wakes>,
    lost: Arc<Lost>,
    namespace: i64,
    threads: Mutex<Vec<thread::JoinHandle<()>>>,
    /// How the log was moved into the file at the end.
    moved: Arc<Mutex<StoreResult<()>>>,
    ended: Arc<watch::Sender<Option<StoreResult<()>>>>,
}

impl SqliteStore {
    /// Opens or creates a file with the defaults of [`SqliteConfig::new`].
    ///
    /// # Errors
    /// As [`SqliteStore::open_with`].
    pub async fn open(path: impl AsRef<Path> + Send) -> StoreResult<Self> {
        Self::open_with(SqliteConfig::new(path)).await
    }

    /// Opens or creates a file, and brings it to the format of this binary.
    ///
    /// # Errors
    /// - `InvalidInput`: no path of a file (empty, `:memory:`, `file:…`), or a timeout of zero.
    /// - `Unsupported`: a folder or anything else that is no ordinary file, a database of another application, a file or log
    ///   that is read-only, a network file system, a file whose format is newer than this binary understands, a SQLite
    ///   library older than 3.51.3.
    /// - `Corrupt`: no SQLite database, or a damaged one.
    /// - `Unavailable`: the folder is missing or cannot be written. `StorageFull`. `Contention`: another process keeps it
    ///   locked, or has it open and the clock is to be taken back.
    pub async fn open_with(config: SqliteConfig) -> StoreResult<Self> {
        let (reply, opened) = oneshot::channel();
        spawn("open", move || {
            let _ = reply.send(Inner::open(config));
        })?;
        let inner = opened.await.unwrap_or_else(|_| Err(Failure::Panicked.to_error("open", Outcome::NotApplied)))?;
        Ok(Self { inner: Arc::new(inner) })
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.inner.limits
    }

    pub(crate) fn wakes(&self) -> &Arc<Wakes> {
        &self.inner.wakes
    }

    /// Carries out a read in a snapshot that is newer than this call, and again through the lock if it met something that
    /// looks expired.
    pub(crate) async fn query<O: ReadOperation>(&self, operation: O) -> StoreResult<At<O::Answer>> {
        self.inner.lost.check().map_err(|failure| failure.to_error(O::NAME, Outcome::NotApplied))?;
        let (reply, answer) = oneshot::channel();
        let ticket = Ticket::new();
        let deadline = Instant::now() + self.inner.config.timeout;
        let job = PendingRead { operation, ticket: ticket.clone(), reply };
        self.inner.reads.push(Box::new(job)).map_err(|refusal| not_queued(refusal, O::NAME))?;
        match timeout_at(deadline.into(), answer).await {
            Ok(Ok(Ok(Glance::Answered(answer)))) => Ok(answer),
            Ok(Ok(Ok(Glance::Unsettled(operation)))) => {
                // Whatever went wrong with it, a read changes nothing.
                let settled = self.transact_by(Settled(operation), deadline).await;
                settled.map_err(|mut error| {
                    error.outcome = Outcome::NotApplied;
                    error
                })
            }
            Ok(Ok(Err(error))) => Err(error),
            Ok(Err(_)) => Err(gone(O::NAME)),
            Err(_) => {
                ticket.withdraw();
                Err(late(O::NAME))
            }
        }
    }

    /// Carries out a write in a transaction with whatever else waits.
    pub(crate) async fn transact<O: WriteOperation>(&self, operation: O) -> StoreResult<At<O::Answer>> {
        self.transact_by(operation, Instant::now() + self.inner.config.timeout).await
    }

    async fn transact_by<O: WriteOperation>(&self, operation: O, deadline: Instant) -> StoreResult<At<O::Answer>> {
        let (ticket, answer) = self.enqueue(operation, deadline)?;
        match timeout_at(deadline.into(), answer).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) if Instant::now() >= deadline && ticket.is_withdrawn() => Err(late(O::NAME)),
            Ok(Err(_)) => Err(if ticket.withdraw() { gone(O::NAME) } else { gone(O::NAME).unknown() }),
            Err(_) if ticket.withdraw() || ticket.is_withdrawn() => Err(late(O::NAME)),
            Err(_) => Err(late(O::NAME).unknown()),
        }
    }

    /// Queues a write that nobody waits for.
    pub(crate) fn transact_detached<O: WriteOperation>(&self, operation: O) -> StoreResult<()> {
        self.enqueue(operation, Instant::now() + self.inner.config.timeout).map(drop)
    }

    fn enqueue<O: WriteOperation>(&self, operation: O, deadline: Instant) -> StoreResult<(Ticket, Receipt<O::Answer>)> {
        let (reply, answer) = oneshot::channel();
        let ticket = Ticket::new();
        let job = Pending { operation, ticket: ticket.clone(), deadline, reply, staged: None };
        self.inner.writes.push(Box::new(job)).map_err(|refusal| not_queued(refusal, O::NAME))?;
        Ok((ticket, answer))
    }

    /// Starts the thread that hears other handles, if it does not run. Answers once it hears.
    pub(crate) async fn hear(&self) -> StoreResult<()> {
        let heard = self.inner.wakes.heard();
        if self.inner.wakes.claim_hearing() {
            let (path, namespace) = (self.inner.config.path.clone(), self.inner.namespace);
            let wakes = self.inner.wakes.clone();
            self.inner.start("listen", move || Listener::run(&path, namespace, &wakes))?;
        }
        timeout_at((Instant::now() + self.inner.config.timeout).into(), heard)
            .await
            .map_err(|_| late("listen"))?
            .map_err(|_| gone("listen"))
    }

    pub(crate) fn timeout(&self) -> Duration {
        self.inner.config.timeout
    }
}

/// Longer timeouts are cut to a day, so that every deadline can be computed.
const LONGEST_TIMEOUT: Duration = Duration::from_secs(86_400);

/// More threads than this read no faster.
const MOST_READERS: usize = 64;

/// Where the answer of a queued operation arrives.
type Receipt<T> = oneshot::Receiver<StoreResult<At<T>>>;

/// What a refused request is answered with.
pub(crate) fn refuse(operation: &'static str) -> impl FnOnce(Refused) -> StoreError {
    move |refused| refused.into_error(BACKEND, operation)
}

fn not_queued(refusal: Refusal, operation: &'static str) -> StoreError {
    match refusal {
        Refusal::Closed => gone(operation),
        Refusal::Full => StoreError::new(StoreErrorKind::Contention, BACKEND, operation, "too many operations wait"),
    }
}

fn gone(operation: &'static str) -> StoreError {
    StoreError::new(StoreErrorKind::Unavailable, BACKEND, operation, "the store is closed")
}

fn late(operation: &'static str) -> StoreError {
    StoreError::new(StoreErrorKind::Timeout, BACKEND, operation, "the deadline passed")
}

fn spawn(role: &str, body: impl FnOnce() + Send + 'static) -> StoreResult<thread::JoinHandle<()>> {
    thread::Builder::new().name(format!("sqlite-{role}")).spawn(body).map_err(|error| {
        StoreError::new(StoreErrorKind::Unavailable, BACKEND, "open", "a thread cannot be started").caused_by(error)
    })
}

/// Fails what waits when its thread ends for whatever reason, so that nobody waits for ever.
struct Abandon<T>(Arc<Queue<T>>);

impl<T> Drop for Abandon<T> {
    fn drop(&mut self) {
        self.0.abandon();
    }
}

impl Inner {
    fn open(config: SqliteConfig) -> StoreResult<Self> {
        if config.timeout.is_zero() {
            let detail = "a timeout of zero lets no operation end";
            return Err(StoreError::new(StoreErrorKind::InvalidInput, BACKEND, "open", detail));
        }
        let (path, timeout) = (open::resolve(&config.path)?, config.timeout.min(LONGEST_TIMEOUT));
        let config = SqliteConfig { path, timeout, ..config };
        let (connection, namespace) = open::open(&config)?;
        let connect = || open::connect(&config.path).map_err(|failure| failure.to_error("open", Outcome::NotApplied));
        let readers = (0..config.readers.clamp(1, MOST_READERS)).map(|_| connect()).collect::<StoreResult<Vec<_>>>()?;
        let checkpointer = connect()?;
        let clock = Arc::new(StoreClock::new(config.clock.clone()));
        // Whole before the first thread starts: if one cannot be started, dropping it ends the others.
        let inner = Self {
            limits: Limits::default(),
            writes: Arc::new(Queue::new()),
            reads: Arc::new(Queue::new()),
            checkpoints: Arc::default(),
            wakes: Arc::new(Wakes::new()),
            lost: Arc::default(),
            namespace,
            threads: Mutex::default(),
            moved: Arc::new(Mutex::new(Ok(()))),
            ended: Arc::new(watch::Sender::new(None)),
            config,
        };
        for connection in readers {
            let queue = inner.reads.clone();
            let (clock, path) = (clock.clone(), inner.config.path.clone());
            let reader = Reader { connection, namespace, clock, queue: queue.clone(), path, broken: false };
            inner.start("read", move || {
                let _abandon = Abandon(queue);
                reader.run();
            })?;
        }
        let checkpointer = Checkpointer { connection: checkpointer, checkpoints: inner.checkpoints.clone() };
        inner.start("checkpoint", move || checkpointer.run())?;
        let queue = inner.writes.clone();
        let writer = Writer {
            connection,
            namespace,
            clock,
            queue: queue.clone(),
            config: inner.config.clone(),
            checkpoints: inner.checkpoints.clone(),
            lost: inner.lost.clone(),
            rhythm: Rhythm::default(),
            broken: false,
        };
        let moved = inner.moved.clone();
        inner.start("write", move || {
            let _abandon = Abandon(queue);
            if let Err(failure) = writer.run() {
                tracing::warn!(%failure, "the log could not be moved into the file at the end");
                *moved.lock() = Err(failure.to_error("close", Outcome::NotApplied));
            }
        })?;
        Ok(inner)
    }

    fn start(&self, role: &str, body: impl FnOnce() + Send + 'static) -> StoreResult<()> {
        self.threads.lock().push(spawn(role, body)?);
        Ok(())
    }

    fn shut_down(&self) {
        self.writes.close();
        self.reads.close();
        self.checkpoints.close();
        self.wakes.close();
    }
}

/// How long the last clone waits for the end when it is dropped: what is queued and the move of a log are well below.
const LAST_WAIT: Duration = Duration::from_secs(2);

impl Drop for Inner {
    /// Waits for the threads, though not for ever: a process that ends right after this would cut the log's move short.
    fn drop(&mut self) {
        self.shut_down();
        let threads = std::mem::take(&mut *self.threads.lock());
        let until = Instant::now() + LAST_WAIT;
        while threads.iter().any(|thread| !thread.is_finished()) && Instant::now() < until {
            thread::sleep(Duration::from_micros(200));
        }
    }
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore").field("config", &self.inner.config).finish_non_exhaustive()
    }
}

struct Ping;

impl ReadOperation for Ping {
    type Answer = ();
    const NAME: &'static str = "ping";

    fn run(&self, _: &Snapshot<'_>) -> Result<(), Failure> {
        Ok(())
    }
}

#[async_trait]
impl Backend for SqliteStore {
    fn guarantees(&self) -> Guarantees {
        let durability = match self.inner.config.synchronous {
            Synchronous::Full => Durability::PowerLoss,
            Synchronous::Normal => Durability::ProcessCrash,
        };
        Guarantees::new(durability, Reach::Host)
    }

    async fn ping(&self) -> StoreResult<StoreTime> {
        Ok(self.query(Ping).await?.now)
    }

    async fn sweep(&self, budget: SweepBudget) -> StoreResult<Swept> {
        sweep::run(self, budget).await
    }

    /// Finishes what is queued, moves the log into the file and ends the store's threads. Later operations are
    /// `Unavailable`.
    async fn close(&self) -> StoreResult<()> {
        let inner = &self.inner;
        inner.shut_down();
        let threads = std::mem::take(&mut *inner.threads.lock());
        if !threads.is_empty() {
            let (moved, ended) = (inner.moved.clone(), inner.ended.clone());
            spawn("close", move || {
                for thread in threads {
                    let _ = thread.join();
                }
                ended.send_replace(Some(moved.lock().clone()));
            })?;
        }
        let mut ending = inner.ended.subscribe();
        let deadline = Instant::now() + inner.config.timeout;
        let ended = timeout_at(deadline.into(), ending.wait_for(Option::is_some)).await.map_err(|_| late("close"))?;
        ended.ok().and_then(|ended| ended.clone()).unwrap_or_else(|| Err(gone("close")))
    }
}
