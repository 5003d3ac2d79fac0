use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::{Notify, Semaphore};
use tokio::task::JoinHandle;

use super::hub::TaskHub;
use super::lease::LeaseClock;
use super::running::RunningTasks;
use super::session_tasks::SessionTasksHub;
use super::wake;
use crate::error::StoreError;
use crate::ids::TaskId;
use crate::principal::OwnerFilter;
use crate::runtime::node::Node;
use crate::task::{Part, TaskRecord};

/// What a node does with tasks.
pub(crate) struct Tasks {
    pub(crate) node: Arc<Node>,
    /// Who waits for which.
    pub(super) hub: Arc<TaskHub>,
    /// Who follows those of which session.
    pub(crate) of_sessions: Arc<SessionTasksHub>,
    /// Those that run here.
    pub(super) running: Arc<RunningTasks>,
    /// Room for those.
    pub(super) slots: Arc<Semaphore>,
    pub(super) leases: LeaseClock,
    /// Wakes the worker: something may be due.
    pub(super) work: Notify,
    /// The task that claims.
    pub(super) claimer: Mutex<Option<JoinHandle<()>>>,
}

impl Tasks {
    pub(crate) fn new(node: Arc<Node>) -> Arc<Self> {
        Arc::new(Self {
            hub: Arc::default(),
            of_sessions: Arc::default(),
            running: Arc::default(),
            slots: Arc::new(Semaphore::new(node.config.worker_slots)),
            leases: LeaseClock::default(),
            work: Notify::new(),
            claimer: Mutex::default(),
            node,
        })
    }

    /// The record of a task without its spec, whoever owns it.
    pub(super) async fn head_and_state(&self, id: &TaskId) -> Result<Option<TaskRecord>, StoreError> {
        let found = self.node.stores.tasks.get(std::slice::from_ref(id), &OwnerFilter::Any, Part::State).await?;
        self.node.observe(found.now);
        Ok(found.value.into_iter().next().flatten())
    }

    /// Tells all nodes, this one's waiters first, that a task changed; `session` is told where its status did. Nobody waits
    /// for it (contract R9).
    pub(super) fn announce(&self, id: &TaskId, queue: Option<&str>, session: Option<&str>) {
        self.hub.bump(id);
        self.running.nudge(id);
        if queue.is_some() {
            self.work.notify_one();
        }
        let queue = queue.map(wake::queue_channel);
        let session = session.map(|session| wake::session_channel(session, id));
        self.node.announcer.announce(std::iter::once(wake::task_channel(id)).chain(queue).chain(session));
    }
}
