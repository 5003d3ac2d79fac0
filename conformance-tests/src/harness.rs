//! What an implementer provides: [`Harness`], [`Cluster`], [`Node`].

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use fastestmcp_core::event::EventLog;
use fastestmcp_core::ids::{Namespace, TaskId};
use fastestmcp_core::session::{Scope, SessionStateStore};
use fastestmcp_core::task::TaskBackend;
use fastestmcp_core::time::{Clock, HostClock};

/// Why a harness could not do what a case asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HarnessError {
    /// This backend or this harness has no such thing. The case is skipped, visibly, with this reason.
    #[error("unsupported: {0}")]
    Unsupported(String),
    /// It should have worked: a server is missing, a file could not be made. The run exits with 2 and is never green.
    #[error("{0}")]
    Failed(String),
}

impl HarnessError {
    /// A failure, from whatever went wrong.
    pub fn failed(error: impl fmt::Display) -> Self {
        Self::Failed(error.to_string())
    }

    fn hook(name: &str) -> Self {
        Self::Unsupported(format!("the harness has no `{name}` hook"))
    }
}

/// Makes fresh data sets of one backend. Most implementers write this, a [`Cluster`], and nothing else.
#[async_trait]
pub trait Harness: Send + Sync + 'static {
    /// The backend's name in reports.
    const NAME: &'static str;

    /// Whether every operation of this backend is over once its future was polled, with no thread, socket or timer of its
    /// own behind it. Then the cases about the whole runtime run in virtual time, exact and at once; else in real time.
    const VIRTUAL_TIME: bool = false;

    /// A fresh, empty data set whose store clock is `clock`. Dropping the cluster removes it.
    ///
    /// `async fn cluster(&self, clock: Arc<dyn Clock>) -> Result<Box<dyn Cluster>, HarnessError>`
    ///
    /// # Errors
    /// The backend could not be opened.
    async fn cluster(&self, clock: Arc<dyn Clock>) -> Result<Box<dyn Cluster>, HarnessError>;

    /// A fresh, empty data set on the clock that the backend uses in production. Override it if that is not the host's
    /// clock read by this process.
    ///
    /// `async fn production(&self) -> Result<Box<dyn Cluster>, HarnessError>`
    ///
    /// # Errors
    /// The backend could not be opened.
    async fn production(&self) -> Result<Box<dyn Cluster>, HarnessError> {
        self.cluster(Arc::new(HostClock)).await
    }
}

/// One data set and the ways to reach it. Every hook is optional: the cases that need a missing one are skipped.
#[async_trait]
pub trait Cluster: Send + Sync {
    /// A handle to the data set's own namespace as node `index`: an independent connection, standing for another
    /// replica of a server. Called once per index, and again after [`Cluster::crash`] and [`Cluster::restart`].
    ///
    /// `async fn node(&self, index: usize) -> Result<Node, HarnessError>`
    ///
    /// # Errors
    /// The connection could not be made.
    async fn node(&self, index: usize) -> Result<Node, HarnessError>;

    /// A handle of node `index` to another namespace of the same data set (G8).
    ///
    /// `async fn node_in(&self, namespace: &Namespace, index: usize) -> Result<Node, HarnessError>`
    ///
    /// # Errors
    /// As [`Cluster::node`].
    async fn node_in(&self, _namespace: &Namespace, _index: usize) -> Result<Node, HarnessError> {
        Err(HarnessError::hook("node_in"))
    }

    /// Makes the next store operation of node `index` meet `fault`.
    ///
    /// `async fn inject(&self, index: usize, fault: Fault) -> Result<(), HarnessError>`
    ///
    /// # Errors
    /// The fault could not be armed.
    async fn inject(&self, _index: usize, _fault: Fault) -> Result<(), HarnessError> {
        Err(HarnessError::hook("inject"))
    }

    /// Ends every node without any cleanup, as SIGKILL of all processes would. Handles given out before are dead; later
    /// [`Cluster::node`] calls open the surviving data.
    ///
    /// `async fn crash(&self) -> Result<(), HarnessError>`
    ///
    /// # Errors
    /// It could not be done.
    async fn crash(&self) -> Result<(), HarnessError> {
        Err(HarnessError::hook("crash"))
    }

    /// Stops the store in an orderly way and starts it again. Handles given out before may be dead.
    ///
    /// `async fn restart(&self) -> Result<(), HarnessError>`
    ///
    /// # Errors
    /// It could not be done.
    async fn restart(&self) -> Result<(), HarnessError> {
        Err(HarnessError::hook("restart"))
    }

    /// Cuts the connection between node `index` and the store.
    ///
    /// `async fn cut(&self, index: usize) -> Result<(), HarnessError>`
    ///
    /// # Errors
    /// It could not be done.
    async fn cut(&self, _index: usize) -> Result<(), HarnessError> {
        Err(HarnessError::hook("cut"))
    }

    /// Lets node `index` reach the store again.
    ///
    /// `async fn heal(&self, index: usize) -> Result<(), HarnessError>`
    ///
    /// # Errors
    /// It could not be done.
    async fn heal(&self, _index: usize) -> Result<(), HarnessError> {
        Err(HarnessError::hook("heal"))
    }

    /// Moves the process clock of node `index` (not the store's) away from the truth, for stores with a clock of their
    /// own.
    ///
    /// `async fn skew(&self, index: usize, by: Skew) -> Result<(), HarnessError>`
    ///
    /// # Errors
    /// It could not be done.
    async fn skew(&self, _index: usize, _by: Skew) -> Result<(), HarnessError> {
        Err(HarnessError::hook("skew"))
    }

    /// Makes one stored record of the data set's own namespace unreadable, behind the backend's back, as a bad disk or
    /// a foreign program would (G16). What is stored beside it stays as it is.
    ///
    /// `async fn damage(&self, record: &Damage) -> Result<(), HarnessError>`
    ///
    /// # Errors
    /// It could not be done.
    async fn damage(&self, _record: &Damage) -> Result<(), HarnessError> {
        Err(HarnessError::hook("damage"))
    }

    /// How many rows, records or fields the data set takes up in the store, with everything that belongs to it: indexes,
    /// and what has expired and was not swept. Of whatever kind they are: the cases compare two numbers.
    ///
    /// `async fn rows(&self) -> Result<u64, HarnessError>`
    ///
    /// # Errors
    /// They could not be counted.
    async fn rows(&self) -> Result<u64, HarnessError> {
        Err(HarnessError::hook("rows"))
    }

    /// From where on the backend does what it does not do for little: the cases go beyond it, and fail if it does not.
    fn thresholds(&self) -> Thresholds {
        Thresholds::default()
    }
}

/// How much a backend lets come together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Thresholds {
    /// How many events more than it must keep a topic may hold before the oldest of them go. 256 unless it is known to be
    /// more.
    pub spare_events: usize,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self { spare_events: 256 }
    }
}

/// A stored record that is to become unreadable.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Damage {
    /// The head of a task: for instance one of its fields is of a type that it cannot be.
    Task(TaskId),
    /// What is stored of a scope itself: its deadlines or its version.
    Scope(Scope),
    /// One entry of a scope.
    Entry(Scope, String),
}

/// How wrong a process clock is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Skew {
    /// It shows a later time.
    Ahead(Duration),
    /// It shows an earlier time.
    Behind(Duration),
}

/// What happens to the next operation of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It fails before anything of it leaves the node.
    FailBefore,
    /// It is sent and lost: the store never sees it. The cases of [`Fault::FailBefore`] use it where that is
    /// unsupported.
    LoseRequest,
    /// The store carries it out, and the answer is lost.
    ExecuteThenTimeout,
    /// It takes this long.
    Delay(Duration),
}

/// The seams of one node. A backend that has only some of them leaves the others out; their cases are skipped.
#[derive(Clone, Default)]
pub struct Node {
    /// Session values.
    pub sessions: Option<Arc<dyn SessionStateStore>>,
    /// Tasks.
    pub tasks: Option<Arc<dyn TaskBackend>>,
    /// Events.
    pub events: Option<Arc<dyn EventLog>>,
}

impl Node {
    /// A node whose three seams are one backend.
    pub fn of<B: SessionStateStore + TaskBackend + EventLog>(backend: B) -> Self {
        let backend = Arc::new(backend);
        Self { sessions: Some(backend.clone()), tasks: Some(backend.clone()), events: Some(backend) }
    }

    /// Adds a session store.
    #[must_use]
    pub fn with_sessions(self, store: impl SessionStateStore) -> Self {
        Self { sessions: Some(Arc::new(store)), ..self }
    }

    /// Adds a task backend.
    #[must_use]
    pub fn with_tasks(self, backend: impl TaskBackend) -> Self {
        Self { tasks: Some(Arc::new(backend)), ..self }
    }

    /// Adds an event log.
    #[must_use]
    pub fn with_events(self, log: impl EventLog) -> Self {
        Self { events: Some(Arc::new(log)), ..self }
    }
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Node")
            .field("sessions", &self.sessions.is_some())
            .field("tasks", &self.tasks.is_some())
            .field("events", &self.events.is_some())
            .finish()
    }
}

/// [`Harness`] without its constant, so that the engine need not be generic.
#[async_trait]
pub(crate) trait Opener: Send + Sync + 'static {
    async fn cluster(&self, clock: Arc<dyn Clock>) -> Result<Box<dyn Cluster>, HarnessError>;
    async fn production(&self) -> Result<Box<dyn Cluster>, HarnessError>;
    fn virtual_time(&self) -> bool;
}

#[async_trait]
impl<H: Harness> Opener for H {
    async fn cluster(&self, clock: Arc<dyn Clock>) -> Result<Box<dyn Cluster>, HarnessError> {
        Harness::cluster(self, clock).await
    }

    async fn production(&self) -> Result<Box<dyn Cluster>, HarnessError> {
        Harness::production(self).await
    }

    fn virtual_time(&self) -> bool {
        H::VIRTUAL_TIME
    }
}
