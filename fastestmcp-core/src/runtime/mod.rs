//! The runtime of a node, by subject: what a node is (`node`), what stored values come to (`state`), tasks (`task`), calls
//! that a client waits for (`call`), and the door in front of all of it.

mod builder;
mod call;
mod door;
mod local;
mod node;
mod state;
mod task;

pub use builder::{RuntimeBuilder, StartError};
pub use door::Admitted;
pub use local::{LocalClient, LocalTask};
pub use node::RuntimeConfig;
pub use task::{Operator, SessionPage, SessionTasks, TaskFilter};

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::Stores;
use crate::component::{Prompt, Resource, ResourceTemplate, Tool};
use crate::context::{Caller, Client};
use crate::event::{Changes, EventBus};
use crate::operation::{CallError, Request};
use crate::principal::Principal;
use crate::session::{Scope, SessionRegistry};
use door::Door;
use node::{Node, supervise, sweep};
use task::{Tasks, end_session};

/// How long the last writes of a stopping node may take.
const LAST_WRITES: Duration = Duration::from_secs(5);

/// One node: its components, its workers, and the door that every request comes through. Cheap to clone.
#[derive(Clone)]
pub struct Runtime {
    node: Arc<Node>,
    tasks: Arc<Tasks>,
    started: Arc<AtomicBool>,
}

impl fmt::Debug for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runtime")
            .field("node", &self.node.name)
            .field("components", &self.node.components)
            .finish_non_exhaustive()
    }
}

impl Runtime {
    /// A runtime on `stores`.
    pub fn builder(stores: Stores) -> RuntimeBuilder {
        RuntimeBuilder::new(stores)
    }

    fn new(node: Node) -> Self {
        let node = Arc::new(node);
        Self { tasks: Tasks::new(node.clone()), node, started: Arc::default() }
    }

    /// Starts to claim and run tasks, to renew leases, to listen for wake-ups and to sweep, in the background; once.
    /// Must be called within a tokio runtime.
    pub fn start(&self) {
        if self.started.swap(true, Ordering::SeqCst) {
            return;
        }
        tracing::debug!(node = self.node.name, queues = ?self.node.queues, "the node starts");
        let swept = self.node.clone();
        supervise(&self.node, "sweeps", move || sweep(swept.clone()));
        self.tasks.start();
    }

    /// Stops in good order (contract T13, R7): claims nothing more, hands back at once what may rerun, lets the rest
    /// finish for the drain period and then fails it, so that no task waits for a lease to run out.
    pub async fn shutdown(&self) {
        let node = &self.node;
        node.stopping.cancel();
        self.tasks.drain().await;
        node.stopped.cancel();
        node.background.close();
        let _ = tokio::time::timeout(LAST_WRITES, node.background.wait()).await;
        tracing::debug!(node = node.name, "the node has stopped");
    }

    /// Lets a request in, or says why not: before a stream is opened for it, or anything is made. No store is asked, but
    /// at times for the rules of what a principal is shown.
    ///
    /// # Errors
    /// What it is about does not exist for this caller, or cannot be asked like this.
    pub async fn admit<R: Request + Clone>(&self, request: R, caller: Caller) -> Result<Admitted<R>, CallError> {
        Door(self.tasks.clone()).admit(request, caller).await
    }

    /// Lets a request in and carries it out: every way into a server ends here, or in [`Runtime::admit`].
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use fastestmcp_core::context::{Caller, Client};
    /// # use fastestmcp_core::operation::{CallError, GetTask};
    /// # use fastestmcp_core::runtime::Runtime;
    /// # use fastestmcp_core::ids::TaskId;
    /// # async fn ask(runtime: &Runtime, caller: Caller, client: Arc<dyn Client>) -> Result<(), CallError> {
    /// let task = runtime.handle(GetTask::new(TaskId::new("task-…")), caller, client).await?;
    /// println!("{:?}", task.status);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`CallError`]; what a handler raises for the model is a result, not an error.
    pub async fn handle<R: Request + Clone>(
        &self,
        request: R,
        caller: Caller,
        client: Arc<dyn Client>,
    ) -> Result<R::Answer, CallError> {
        self.admit(request, caller).await?.run(client).await
    }

    /// The name of this node in logs.
    pub fn node(&self) -> &str {
        &self.node.name
    }

    /// The configuration.
    pub fn config(&self) -> &RuntimeConfig {
        &self.node.config
    }

    /// The seams it works on.
    pub fn stores(&self) -> &Stores {
        &self.node.stores
    }

    /// The tools, in the order they were added.
    pub fn tools(&self) -> impl Iterator<Item = &Arc<Tool>> {
        self.node.components.tools.iter()
    }

    /// The resources, in the order they were added.
    pub fn resources(&self) -> impl Iterator<Item = &Arc<Resource>> {
        self.node.components.resources.iter()
    }

    /// The templates of resources, in the order they were added.
    pub fn resource_templates(&self) -> impl Iterator<Item = &Arc<ResourceTemplate>> {
        self.node.components.templates.iter()
    }

    /// The prompts, in the order they were added.
    pub fn prompts(&self) -> impl Iterator<Item = &Arc<Prompt>> {
        self.node.components.prompts.iter()
    }

    /// The prompt of a name.
    pub fn prompt(&self, name: &str) -> Option<&Arc<Prompt>> {
        self.node.components.prompts.get(name)
    }

    /// The tool of a name.
    pub fn tool(&self, name: &str) -> Option<&Arc<Tool>> {
        self.node.tool(name)
    }

    /// The sessions of the 2025 wire.
    pub fn sessions(&self) -> &SessionRegistry {
        &self.node.sessions
    }

    /// Follows the tasks of a session, named by its digest, on whatever nodes they run.
    pub fn session_tasks(&self, session: &str) -> SessionTasks {
        self.tasks.of_sessions.follow(session)
    }

    /// Events over nodes. The node's one reader of the log serves whoever subscribes here.
    pub fn events(&self) -> &EventBus {
        &self.node.bus
    }

    /// What many clients on all nodes want to hear of.
    pub fn changes(&self) -> Changes {
        Changes::new(self.node.bus.clone())
    }

    /// Whether requests should come here: its stores answer, as far as was seen within the last second, and it does not stop.
    /// Ends within 2 s, but for those who ask while others do: within 4.
    pub async fn is_ready(&self) -> bool {
        !self.node.stopping.is_cancelled() && self.node.readiness.of(&self.node.stores).await
    }

    /// Cancelled when shutdown begins.
    pub fn stopping(&self) -> CancellationToken {
        self.node.stopping.clone()
    }

    /// A client in this process, who is `principal`.
    pub fn local(&self, principal: Principal) -> LocalClient {
        LocalClient::new(self.clone(), principal)
    }

    /// Ends a session of a principal on every node, then cancels its open tasks (contract C5); what of that fails is repeated in the
    /// background, and whoever runs one of them learns of it. True if the session lived. If the store fails first, the
    /// session lives on.
    ///
    /// # Errors
    /// The store failed.
    pub async fn end_session(&self, principal: &Principal, id: &str) -> Result<bool, CallError> {
        end_session(&self.tasks, &Scope::session(principal, id).id).await
    }

    /// The operator's verbs: for all owners, and not reachable from the wire.
    pub fn operator(&self) -> Operator {
        Operator::new(self.tasks.clone())
    }
}
