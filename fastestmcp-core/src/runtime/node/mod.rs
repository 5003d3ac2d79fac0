//! What a node is, before it does anything: its stores, its configuration, its components, its stop.

mod check;
mod clock;
mod config;
mod health;
mod key_queue;
mod rate;
mod readiness;
mod supervise;
mod sweeper;
mod visibility;

pub(super) use check::{check_config, check_tool};
pub use config::RuntimeConfig;
pub(super) use supervise::supervise;
pub(super) use sweeper::sweep;

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::Stores;
use crate::component::{Components, Tool};
use crate::event::{Announcer, ChangeAnnouncer, Changes, EventBus};
use crate::operation::Chain;
use crate::principal::{Owner, Principal};
use crate::seal::KeyRing;
use crate::session::SessionRegistry;
use crate::time::{StoreTime, backoff};
use crate::visibility::VisibilityRules;
use clock::ObservedClock;
use health::Health;
use key_queue::KeyQueue;
use rate::TaskRate;
use readiness::Readiness;
use visibility::Visibility;

/// How often it is tried to hold a session for an outcome.
const HOLD_TRIES: u32 = 10;

/// One node of a server.
pub(crate) struct Node {
    pub(crate) stores: Stores,
    pub(crate) config: RuntimeConfig,
    /// In logs.
    pub(crate) name: String,
    /// The name of this very process in leases: the node's and random characters, so that no other process, however it
    /// is named, takes a lease of this one for its own.
    pub(crate) worker: String,
    pub(crate) components: Arc<Components>,
    pub(crate) middleware: Chain,
    /// Those whose tasks it runs.
    pub(crate) queues: Vec<String>,
    pub(crate) keys: KeyRing,
    pub(crate) sessions: SessionRegistry,
    pub(crate) visibility: Visibility,
    /// Where updates of one key on this node queue.
    pub(crate) key_queue: Arc<KeyQueue>,
    pub(crate) task_rate: TaskRate,
    pub(crate) bus: EventBus,
    pub(crate) announcer: Arc<Announcer>,
    pub(crate) change_announcer: Arc<ChangeAnnouncer>,
    pub(crate) health: Health,
    pub(crate) readiness: Readiness,
    /// Cancelled when shutdown begins.
    pub(crate) stopping: CancellationToken,
    /// Cancelled when tasks that may not rerun must end.
    pub(crate) release: CancellationToken,
    /// Cancelled when everything has ended.
    pub(crate) stopped: CancellationToken,
    pub(crate) background: TaskTracker,
    clock: ObservedClock,
}

/// What differs between nodes.
pub(crate) struct Parts {
    pub(crate) stores: Stores,
    pub(crate) config: RuntimeConfig,
    pub(crate) name: String,
    pub(crate) worker: String,
    pub(crate) components: Arc<Components>,
    pub(crate) middleware: Chain,
    pub(crate) keys: KeyRing,
    pub(crate) sessions: SessionRegistry,
    /// What all are shown.
    pub(crate) rules: VisibilityRules,
}

impl Node {
    pub(crate) fn new(parts: Parts) -> Self {
        let Parts { stores, config, name, worker, components, middleware, keys, sessions, rules } = parts;
        let queues = config.queues.clone().unwrap_or_else(|| {
            let mut queues: Vec<_> = components.tools.iter().map(|tool| tool.task_policy().queue.clone()).collect();
            queues.sort_unstable();
            queues.dedup();
            queues
        });
        let (background, stopped) = (TaskTracker::new(), CancellationToken::new());
        let announcer = Announcer::new(stores.events.clone(), background.clone());
        let bus = EventBus::within(stores.events.clone(), announcer.clone(), background.clone(), stopped.child_token());
        Self {
            visibility: Visibility::new(stores.sessions.clone(), rules, config.principal_ttl),
            key_queue: Arc::default(),
            task_rate: TaskRate::new(config.task_rate.0, config.task_rate.1),
            change_announcer: ChangeAnnouncer::new(Changes::new(bus.clone()), background.clone()),
            bus,
            announcer,
            health: Health::default(),
            readiness: Readiness::default(),
            stopping: CancellationToken::new(),
            release: CancellationToken::new(),
            stopped,
            background,
            clock: ObservedClock::default(),
            stores,
            config,
            name,
            worker,
            components,
            middleware,
            queues,
            keys,
            sessions,
        }
    }

    pub(crate) fn tool(&self, name: &str) -> Option<&Arc<Tool>> {
        self.components.tools.get(name)
    }

    /// Remembers what the store's clock showed.
    pub(crate) fn observe(&self, now: StoreTime) {
        self.clock.observe(now);
    }

    /// About what the store's clock shows. For deadlines of seconds and more that are then checked by the store itself.
    pub(crate) fn store_now(&self) -> StoreTime {
        self.clock.now()
    }

    /// An outcome that only a session can read holds that session to the millisecond (contract C5), in the background
    /// (contract R9).
    pub(crate) fn keep_readable(&self, owner: &Owner, session: Option<&str>, retain: Duration) {
        let is_owner = |session: &&str| Owner::of(&Principal::Anonymous, Some(session)).as_ref() == Some(owner);
        let Some(session) = session.filter(is_owner).filter(|_| !retain.is_zero()) else { return };
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
}
