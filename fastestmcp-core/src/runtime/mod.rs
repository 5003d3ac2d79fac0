//! The runtime: calls, contexts, tasks, workers, waits.

mod announcer;
mod builder;
mod call;
mod caller;
mod check;
mod config;
mod context;
mod end_session;
mod error;
mod handler;
mod health;
mod key_queue;
mod local;
mod locals;
mod plain;
mod rate;
mod replay;
mod resume;
mod shared;
mod slots;
mod state;
mod supervise;
mod sweeper;
mod task;
mod telemetry;
mod wake;

pub use builder::{RuntimeBuilder, StartError};
pub use call::{CallOutcome, Resume, ToolCall};
pub use caller::{Caller, Client};
pub use config::RuntimeConfig;
pub use context::{Answer, Context};
pub use error::{CANCELLED, CallError, ContextError, INVALID_PARAMS, METHOD_NOT_FOUND, MISSING_CAPABILITY, OVERLOADED};
pub use local::{LocalClient, LocalTask};
pub use slots::Slot;
pub use state::State;
pub use task::{
    AskedTtl, CancelOutcome, Operator, ProgressFeed, SessionPage, TaskFilter, TaskPage, TaskView, TaskWatch,
};

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::Value;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use crate::Stores;
use crate::ids::TaskId;
use crate::principal::Principal;
use crate::session::{Scope, SessionRegistry};
use crate::task::Journal;
use crate::tool::Tool;
use end_session::end_session;
use shared::Shared;
use supervise::supervise;

/// How long the last writes of a stopping node may take.
const LAST_WRITES: Duration = Duration::from_secs(5);

/// One node: its tools, its workers, and the verbs a protocol layer maps requests to. Cheap to clone.
#[derive(Clone)]
pub struct Runtime {
    shared: Arc<Shared>,
}

impl fmt::Debug for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runtime")
            .field("node", &self.shared.node)
            .field("tools", &self.shared.tools)
            .finish_non_exhaustive()
    }
}

impl Runtime {
    /// A runtime on `stores`.
    pub fn builder(stores: Stores) -> RuntimeBuilder {
        RuntimeBuilder::new(stores)
    }

    /// Starts to claim and run tasks, to renew leases, to listen for wake-ups and to sweep, in the background; once.
    /// Must be called within a tokio runtime.
    pub fn start(&self) {
        if self.shared.started.swap(true, Ordering::SeqCst) {
            return;
        }
        let shared = &self.shared;
        tracing::debug!(node = shared.node, queues = ?shared.queues, "the node starts");
        supervise(shared, "wake-ups", wake::listen);
        supervise(shared, "waits", wake::poll);
        supervise(shared, "lease renewal", task::renew_leases);
        supervise(shared, "session holds", task::hold_sessions);
        supervise(shared, "sweeps", sweeper::sweep);
        *shared.claimer.lock() = Some(supervise(shared, "claims", task::work));
    }

    /// Stops in good order (contract T13, R7): claims nothing more, hands back at once what may rerun, lets the rest
    /// finish for the drain period and then fails it, so that no task waits for a lease to run out.
    pub async fn shutdown(&self) {
        let shared = &self.shared;
        shared.stopping.cancel();
        // First of all: what a claim still brings is handed back with the rest.
        let claimer = shared.claimer.lock().take();
        if let Some(claimer) = claimer
            && tokio::time::timeout(shared.config.drain + LAST_WRITES, claimer).await.is_err()
        {
            tracing::error!("a claim did not end: what it brings is left to its lease");
        }
        let all = u32::try_from(shared.config.worker_slots).unwrap_or(u32::MAX);
        let idle = || shared.slots.acquire_many(all);
        if tokio::time::timeout(shared.config.drain, idle()).await.is_err() {
            shared.release.cancel();
            if tokio::time::timeout(shared.config.grace + LAST_WRITES, idle()).await.is_err() {
                tracing::error!("some tasks did not end and are left to their leases");
            }
        }
        shared.stopped.cancel();
        shared.background.close();
        let _ = tokio::time::timeout(LAST_WRITES, shared.background.wait()).await;
        tracing::debug!(node = shared.node, "the node has stopped");
    }

    /// The name of this node in logs.
    pub fn node(&self) -> &str {
        &self.shared.node
    }

    /// The configuration.
    pub fn config(&self) -> &RuntimeConfig {
        &self.shared.config
    }

    /// The seams it works on.
    pub fn stores(&self) -> &Stores {
        &self.shared.stores
    }

    /// The tools, in the order they were added.
    pub fn tools(&self) -> std::slice::Iter<'_, Tool> {
        self.shared.tools.iter()
    }

    /// The tool of a name.
    pub fn tool(&self, name: &str) -> Option<&Tool> {
        self.shared.tool(name)
    }

    /// The sessions of the 2025 wire.
    pub fn sessions(&self) -> &SessionRegistry {
        &self.shared.sessions
    }

    /// Cancelled when shutdown begins.
    pub fn stopping(&self) -> CancellationToken {
        self.shared.stopping.clone()
    }

    /// A client in this process, who is `principal`.
    pub fn local(&self, principal: Principal) -> LocalClient {
        LocalClient::new(self.clone(), principal)
    }

    /// Calls a tool while the client waits.
    ///
    /// # Errors
    /// [`CallError`]; what a handler raises for the model is a result, not an error.
    pub async fn call(&self, call: ToolCall, client: Arc<dyn Client>) -> Result<CallOutcome, CallError> {
        let span = tracing::info_span!(telemetry::SPAN_CALL, tool = call.tool);
        plain::call(&self.shared, call, client).instrument(span).await
    }

    /// Submits a task: durable and visible on every node before this returns, or not at all (contract T1, T14).
    ///
    /// # Errors
    /// Unknown tool, overloaded, a bad idempotency key, the store failed.
    pub async fn submit(&self, call: ToolCall, ttl: AskedTtl) -> Result<TaskView, CallError> {
        task::submit(&self.shared, call, ttl, Journal::default()).await
    }

    /// A task of this caller.
    ///
    /// # Errors
    /// [`CallError::UnknownTask`]: unknown, expired, or somebody else's; the store failed.
    pub async fn task(&self, caller: &Caller, id: &TaskId) -> Result<TaskView, CallError> {
        task::task(&self.shared, caller, id).await
    }

    /// The tasks of this caller, newest first.
    ///
    /// # Errors
    /// [`CallError::InvalidCursor`], the store failed.
    pub async fn list_tasks(&self, caller: &Caller, cursor: Option<&str>) -> Result<TaskPage, CallError> {
        task::list(&self.shared, caller, cursor).await
    }

    /// Cancels a task: it is terminal on every node before this returns (contract T8).
    ///
    /// # Errors
    /// [`CallError::UnknownTask`], the store failed.
    pub async fn cancel_task(&self, caller: &Caller, id: &TaskId) -> Result<CancelOutcome, CallError> {
        task::cancel(&self.shared, caller, id).await
    }

    /// Answers what a task waits for, in parts or in full (contract T7).
    ///
    /// # Errors
    /// [`CallError::UnknownTask`], [`CallError::InvalidAnswer`] (nothing was recorded), the store failed.
    pub async fn answer_task(
        &self,
        caller: &Caller,
        id: &TaskId,
        answers: BTreeMap<String, Value>,
    ) -> Result<(), CallError> {
        task::answer(&self.shared, caller, id, answers).await
    }

    /// Follows a task (contract T12). Counts as a waiter until it is dropped.
    ///
    /// # Errors
    /// [`CallError::UnknownTask`], [`CallError::Overloaded`], the store failed.
    pub async fn watch_task(&self, caller: &Caller, id: &TaskId) -> Result<TaskWatch, CallError> {
        TaskWatch::new(&self.shared, caller, id).await
    }

    /// Room for an event stream that this caller keeps open to hear of changes; give it back by dropping it.
    ///
    /// # Errors
    /// [`CallError::Overloaded`].
    pub fn open_stream(&self, caller: &Caller) -> Result<Slot, CallError> {
        self.shared.streams.take(caller)
    }

    /// The progress of a task from now on, finer than its record keeps; `None` if its client did not ask for progress
    /// with a token.
    ///
    /// # Errors
    /// [`CallError::UnknownTask`], the store failed.
    pub async fn task_progress(&self, caller: &Caller, id: &TaskId) -> Result<Option<ProgressFeed>, CallError> {
        task::progress(&self.shared, caller, id).await
    }

    /// Ends a session on every node, then cancels its open tasks (contract C5); what of that fails is repeated in the
    /// background, and whoever runs one of them learns of it. True if the session lived. If the store fails first, the
    /// session lives on.
    ///
    /// # Errors
    /// The store failed.
    pub async fn end_session(&self, id: &str) -> Result<bool, CallError> {
        end_session(&self.shared, &Scope::session(id).id).await
    }

    /// The operator's verbs: for all owners, and not reachable from the wire.
    pub fn operator(&self) -> Operator {
        Operator::new(self.shared.clone())
    }
}
