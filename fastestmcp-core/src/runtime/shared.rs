use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio::sync::{Notify, Semaphore};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::announcer::Announcer;
use super::config::RuntimeConfig;
use super::health::Health;
use super::key_queue::KeyQueue;
use super::rate::TaskRate;
use super::slots::Slots;
use super::task::{LeaseClock, RunningTasks, TaskHub};
use crate::Stores;
use crate::error::StoreError;
use crate::event::EventBus;
use crate::ids::TaskId;
use crate::principal::{OwnerFilter, Principal};
use crate::seal::KeyRing;
use crate::session::SessionRegistry;
use crate::task::{Part, TaskRecord};
use crate::time::{StoreTime, backoff};
use crate::tool::Tool;

/// How often it is tried to hold a session for an outcome.
const HOLD_TRIES: u32 = 10;

/// What all parts of a runtime share.
pub(crate) struct Shared {
    pub(crate) stores: Stores,
    pub(crate) config: RuntimeConfig,
    /// The name of this node in logs.
    pub(crate) node: String,
    /// The name of this very process in leases: the node's and random characters, so that no other process, however it
    /// is named, takes a lease of this one for its own.
    pub(crate) worker: String,
    pub(crate) tools: Vec<Tool>,
    pub(crate) queues: Vec<String>,
    pub(crate) keys: KeyRing,
    pub(crate) sessions: SessionRegistry,
    /// Where updates of one key on this node queue.
    pub(crate) key_queue: Arc<KeyQueue>,
    pub(crate) calls: Arc<Slots>,
    pub(crate) waiters: Arc<Slots>,
    pub(crate) streams: Arc<Slots>,
    /// Tasks that run.
    pub(crate) slots: Arc<Semaphore>,
    pub(crate) task_rate: TaskRate,
    pub(crate) bus: EventBus,
    pub(crate) announcer: Arc<Announcer>,
    pub(crate) health: Health,
    pub(crate) hub: Arc<TaskHub>,
    pub(crate) running: Arc<RunningTasks>,
    pub(crate) leases: LeaseClock,
    /// Wakes the worker: something may be due.
    pub(crate) work: Notify,
    pub(crate) started: AtomicBool,
    /// Cancelled when shutdown begins.
    pub(crate) stopping: CancellationToken,
    /// Cancelled when tasks that may not rerun must end.
    pub(crate) release: CancellationToken,
    /// Cancelled when everything has ended.
    pub(crate) stopped: CancellationToken,
    pub(crate) background: TaskTracker,
    /// The task that claims.
    pub(crate) claimer: Mutex<Option<JoinHandle<()>>>,
    clock: Mutex<Option<(StoreTime, Instant)>>,
}

/// The parts of [`Shared`] that differ between runtimes.
pub(crate) struct Parts {
    pub(crate) stores: Stores,
    pub(crate) config: RuntimeConfig,
    pub(crate) node: String,
    pub(crate) worker: String,
    pub(crate) tools: Vec<Tool>,
    pub(crate) keys: KeyRing,
    pub(crate) sessions: SessionRegistry,
}

impl Shared {
    pub(crate) fn new(parts: Parts) -> Self {
        let Parts { stores, config, node, worker, tools, keys, sessions } = parts;
        let queues = config.queues.clone().unwrap_or_else(|| {
            let mut queues: Vec<_> = tools.iter().map(|tool| tool.task_policy().queue.clone()).collect();
            queues.sort_unstable();
            queues.dedup();
            queues
        });
        let background = TaskTracker::new();
        Self {
            key_queue: Arc::default(),
            calls: Slots::new("calls", config.max_calls, config.max_calls_per_owner),
            waiters: Slots::new("waiters", config.max_waiters, config.max_waiters_per_owner),
            streams: Slots::new("streams", config.max_streams, config.max_streams_per_owner),
            slots: Arc::new(Semaphore::new(config.worker_slots)),
            task_rate: TaskRate::new(config.task_rate.0, config.task_rate.1),
            bus: EventBus::new(stores.events.clone()),
            announcer: Announcer::new(stores.events.clone(), background.clone()),
            health: Health::default(),
            hub: Arc::default(),
            running: Arc::default(),
            leases: LeaseClock::default(),
            work: Notify::new(),
            started: AtomicBool::new(false),
            stopping: CancellationToken::new(),
            release: CancellationToken::new(),
            stopped: CancellationToken::new(),
            background,
            claimer: Mutex::new(None),
            clock: Mutex::new(None),
            stores,
            config,
            node,
            worker,
            tools,
            queues,
            keys,
            sessions,
        }
    }

    pub(crate) fn tool(&self, name: &str) -> Option<&Tool> {
        self.tools.iter().find(|tool| tool.name() == name)
    }

    /// Remembers what the store's clock showed.
    pub(crate) fn observe(&self, now: StoreTime) {
        let mut clock = self.clock.lock();
        // Answers can overtake each other; what would set the clock back is old.
        if clock.is_none_or(|(at, since)| now >= at.after(since.elapsed())) {
            *clock = Some((now, Instant::now()));
        }
    }

    /// About what the store's clock shows: its last answer plus the time since. For deadlines of seconds and more that
    /// are then checked by the store itself.
    pub(crate) fn store_now(&self) -> StoreTime {
        self.clock.lock().map_or(StoreTime::EPOCH, |(at, since)| at.after(since.elapsed()))
    }

    /// The record of a task without its spec, whoever owns it.
    pub(crate) async fn head_and_state(&self, id: &TaskId) -> Result<Option<TaskRecord>, StoreError> {
        let found = self.stores.tasks.get(std::slice::from_ref(id), &OwnerFilter::Any, Part::State).await?;
        self.observe(found.now);
        Ok(found.value.into_iter().next().flatten())
    }

    /// An outcome that only a session can read holds that session to the millisecond (contract C5), in the background
    /// (contract R9).
    pub(crate) fn keep_readable(&self, principal: &Principal, session: Option<&str>, retain: Duration) {
        let Some(session) = session.filter(|_| *principal == Principal::Anonymous && !retain.is_zero()) else { return };
        let (sessions, session, stopped) = (self.sessions.clone(), session.to_owned(), self.stopped.clone());
        self.background.spawn(async move {
            for attempt in 0..HOLD_TRIES {
                let Err(error) = sessions.hold_for(&session, retain).await else { return };
                tracing::debug!(%error, "a session was not held for a readable outcome");
                tokio::select! {
                    () = tokio::time::sleep(backoff(Duration::from_millis(50), attempt, Duration::from_secs(5))) => {}
                    () = stopped.cancelled() => return,
                }
            }
            tracing::warn!("a session was not held for a readable outcome");
        });
    }

    /// Tells all nodes, this one's waiters first, that a task changed. Nobody waits for it (contract R9).
    pub(crate) fn announce(&self, id: &TaskId, queue: Option<&str>) {
        self.hub.bump(id);
        self.running.nudge(id);
        if queue.is_some() {
            self.work.notify_one();
        }
        let queue = queue.map(super::wake::queue_channel);
        self.announcer.announce(std::iter::once(super::wake::task_channel(id)).chain(queue));
    }
}
