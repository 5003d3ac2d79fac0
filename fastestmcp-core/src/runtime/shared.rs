use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio::sync::{Notify, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::config::RuntimeConfig;
use super::hub::TaskHub;
use super::rate::TaskRate;
use super::running::RunningTasks;
use crate::Stores;
use crate::event::EventBus;
use crate::ids::TaskId;
use crate::principal::Principal;
use crate::seal::KeyRing;
use crate::session::SessionRegistry;
use crate::time::StoreTime;
use crate::tool::Tool;

/// What all parts of a runtime share.
pub(crate) struct Shared {
    pub(crate) stores: Stores,
    pub(crate) config: RuntimeConfig,
    /// The name of this node in leases.
    pub(crate) node: String,
    pub(crate) tools: Vec<Tool>,
    pub(crate) queues: Vec<String>,
    pub(crate) keys: KeyRing,
    pub(crate) sessions: SessionRegistry,
    pub(crate) calls: Arc<Semaphore>,
    pub(crate) waiters: Arc<Semaphore>,
    pub(crate) slots: Arc<Semaphore>,
    pub(crate) task_rate: TaskRate,
    pub(crate) bus: EventBus,
    pub(crate) hub: Arc<TaskHub>,
    pub(crate) running: RunningTasks,
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
    clock: Mutex<Option<(StoreTime, Instant)>>,
}

/// The parts of [`Shared`] that differ between runtimes.
pub(crate) struct Parts {
    pub(crate) stores: Stores,
    pub(crate) config: RuntimeConfig,
    pub(crate) node: String,
    pub(crate) tools: Vec<Tool>,
    pub(crate) keys: KeyRing,
    pub(crate) sessions: SessionRegistry,
}

impl Shared {
    pub(crate) fn new(parts: Parts) -> Self {
        let Parts { stores, config, node, tools, keys, sessions } = parts;
        let queues = config.queues.clone().unwrap_or_else(|| {
            let mut queues: Vec<_> = tools.iter().map(|tool| tool.task_policy().queue.clone()).collect();
            queues.sort_unstable();
            queues.dedup();
            queues
        });
        Self {
            calls: Arc::new(Semaphore::new(config.max_calls)),
            waiters: Arc::new(Semaphore::new(config.max_waiters)),
            slots: Arc::new(Semaphore::new(config.worker_slots)),
            task_rate: TaskRate::new(config.task_rate.0, config.task_rate.1),
            bus: EventBus::new(stores.events.clone()),
            hub: Arc::default(),
            running: RunningTasks::default(),
            work: Notify::new(),
            started: AtomicBool::new(false),
            stopping: CancellationToken::new(),
            release: CancellationToken::new(),
            stopped: CancellationToken::new(),
            background: TaskTracker::new(),
            clock: Mutex::new(None),
            stores,
            config,
            node,
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

    /// An outcome that only a session can read holds that session (contract C5).
    pub(crate) async fn keep_readable(&self, principal: &Principal, session: Option<&str>, retain: Duration) {
        let Some(session) = session.filter(|_| *principal == Principal::Anonymous) else { return };
        if let Err(error) = self.sessions.hold(session, retain).await {
            tracing::warn!(%error, "a session was not held for a readable outcome");
        }
    }

    /// Tells all nodes, this one's waiters first, that a task changed.
    pub(crate) async fn announce(&self, id: &TaskId, queue: Option<&str>) {
        self.hub.bump(id);
        self.running.nudge(id);
        let mut channels = vec![super::wake::task_channel(id)];
        if let Some(queue) = queue {
            self.work.notify_one();
            channels.push(super::wake::queue_channel(queue));
        }
        // A lost wake-up costs at most a second (contract T12).
        if let Err(error) = self.stores.events.wake(&channels).await {
            tracing::debug!(%error, "a wake-up was lost");
        }
    }
}

/// A pause that grows with each attempt, half of it random, so that callers who failed together do not return together.
pub(crate) fn backoff(first: Duration, attempt: u32, longest: Duration) -> Duration {
    let full = first.saturating_mul(1u32.checked_shl(attempt).unwrap_or(u32::MAX)).min(longest);
    let random = crate::ids::random_bytes::<1>().map_or(0, |[byte]| u32::from(byte));
    full / 2 + full * random / 510
}
