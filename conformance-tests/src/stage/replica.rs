use std::sync::Arc;
use std::time::Duration;

use fastestmcp_core::Stores;
use fastestmcp_core::component::{AnyResource, Prompt, Tool, ToolOutput};
use fastestmcp_core::context::{Caller, Client, NoClient};
use fastestmcp_core::ids::TaskId;
use fastestmcp_core::operation::{
    AskedTtl, CallError, CallOutcome, CallTool, GetTask, Middleware, Request, TaskMode, TaskView, WatchTask,
};
use fastestmcp_core::principal::{AuthContext, OwnerFilter, Principal};
use fastestmcp_core::runtime::{Runtime, RuntimeConfig};
use fastestmcp_core::session::{Scope, SessionRecord};
use fastestmcp_core::task::{ClientAbilities, Part, TaskOutcome, TaskRecord};
use fastestmcp_core::visibility::VisibilityRules;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::faulty::Faulty;
use super::people::Session;
use crate::halt::Halt;
use crate::scene::{Scene, missing};
use crate::seam::Seam;

/// The lease of a replica unless its case wants another.
pub(crate) const LEASE: Duration = Duration::from_millis(1_500);
/// How long it leaves a stopping handler.
pub(crate) const GRACE: Duration = Duration::from_millis(200);

/// A replica that is being put together.
pub(crate) struct Casting<'s> {
    scene: &'s Scene,
    index: usize,
    config: RuntimeConfig,
    tools: Vec<Tool>,
    prompts: Vec<Prompt>,
    resources: Vec<AnyResource>,
    middleware: Vec<Arc<dyn Middleware>>,
    rules: VisibilityRules,
}

impl<'s> Casting<'s> {
    pub(super) fn new(scene: &'s Scene, index: usize) -> Self {
        let config = RuntimeConfig::default()
            .lease(LEASE)
            .park_after(Duration::from_millis(100))
            .grace(GRACE)
            .drain(GRACE)
            .sweep_every(Duration::from_millis(200));
        Self {
            scene,
            index,
            config,
            tools: Vec::new(),
            prompts: Vec::new(),
            resources: Vec::new(),
            middleware: Vec::new(),
            rules: VisibilityRules::default(),
        }
    }

    /// With these tools.
    pub(crate) fn tools(mut self, tools: impl IntoIterator<Item = Tool>) -> Self {
        self.tools.extend(tools);
        self
    }

    /// With a prompt.
    pub(crate) fn prompt(mut self, prompt: Prompt) -> Self {
        self.prompts.push(prompt);
        self
    }

    /// With resources and templates of them.
    pub(crate) fn resources(mut self, resources: impl IntoIterator<Item = AnyResource>) -> Self {
        self.resources.extend(resources);
        self
    }

    /// With a middleware.
    pub(crate) fn middleware(mut self, middleware: impl Middleware) -> Self {
        self.middleware.push(Arc::new(middleware));
        self
    }

    /// With rules for all.
    pub(crate) fn visibility(mut self, rules: VisibilityRules) -> Self {
        self.rules = rules;
        self
    }

    /// With another configuration.
    pub(crate) fn config(mut self, change: impl FnOnce(RuntimeConfig) -> RuntimeConfig) -> Self {
        self.config = change(self.config);
        self
    }

    /// A replica that serves and runs nothing.
    pub(crate) async fn front(self) -> Result<Replica, Halt> {
        let node = self.scene.node(self.index).await?;
        let stores = Stores::new(
            node.sessions.ok_or_else(|| missing(Seam::Session))?,
            node.tasks.ok_or_else(|| missing(Seam::Task))?,
            node.events.ok_or_else(|| missing(Seam::Event))?,
        );
        let faults = Faulty::new(&stores);
        let builder = Runtime::builder(faults.stores()).config(self.config).tools(self.tools).prompts(self.prompts);
        let builder = builder.resources(self.resources).visibility(self.rules);
        let builder = self.middleware.into_iter().fold(builder, |builder, middleware| builder.middleware(middleware));
        Ok(Replica { runtime: builder.build().await?, faults, stores })
    }

    /// A replica that serves and runs tasks.
    pub(crate) async fn start(self) -> Result<Replica, Halt> {
        let replica = self.front().await?;
        replica.runtime.start();
        Ok(replica)
    }
}

/// One replica of a server.
pub(crate) struct Replica {
    pub(crate) runtime: Runtime,
    /// What goes wrong between it and its stores.
    pub(crate) faults: Faulty,
    /// Its stores without faults.
    pub(crate) stores: Stores,
}

impl Replica {
    /// What a client gets that can be asked nothing within the call.
    pub(crate) async fn ask<R: Request + Clone>(&self, caller: &Caller, request: R) -> Result<R::Answer, CallError> {
        self.ask_through(caller, request, Arc::new(NoClient)).await
    }

    pub(crate) async fn ask_through<R: Request + Clone>(
        &self,
        caller: &Caller,
        request: R,
        client: Arc<dyn Client>,
    ) -> Result<R::Answer, CallError> {
        self.runtime.handle(request, caller.clone(), client).await
    }

    /// The result of a plain call.
    pub(crate) async fn call(
        &self,
        caller: &Caller,
        tool: &str,
        arguments: Value,
        client: Arc<dyn Client>,
    ) -> Result<ToolOutput, CallError> {
        match self.ask_through(caller, call(tool, arguments), client).await? {
            CallOutcome::Complete(output) => Ok(output),
            other => Err(CallError::InvalidParams(format!("no result but {other:?}"))),
        }
    }

    /// A tool without arguments as a task.
    pub(crate) async fn submit(&self, caller: &Caller, tool: &str) -> Result<TaskView, CallError> {
        self.submit_call(caller, call(tool, Value::Null), AskedTtl::Default).await
    }

    pub(crate) async fn submit_call(
        &self,
        caller: &Caller,
        call: CallTool,
        ttl: AskedTtl,
    ) -> Result<TaskView, CallError> {
        match self.ask(caller, call.tasks(TaskMode::Requested(ttl))).await? {
            CallOutcome::Task(task) => Ok(*task),
            other => Err(CallError::InvalidParams(format!("no task but {other:?}"))),
        }
    }

    pub(crate) async fn view(&self, caller: &Caller, id: &TaskId) -> Result<TaskView, CallError> {
        self.ask(caller, GetTask::new(id.clone())).await
    }

    /// The outcome of a task, once it has ended.
    pub(crate) async fn outcome(&self, caller: &Caller, id: &TaskId) -> Result<TaskOutcome, CallError> {
        let mut watch = self.ask(caller, WatchTask::new(id.clone())).await?;
        let view = watch.ended().await?;
        view.outcome.clone().ok_or_else(|| CallError::InvalidParams("a task that ended has no outcome".to_owned()))
    }

    /// The record of a task as it is stored.
    pub(crate) async fn record(&self, id: &TaskId) -> Result<Option<TaskRecord>, Halt> {
        let found = self.stores.tasks.get(std::slice::from_ref(id), &OwnerFilter::Any, Part::All).await?;
        Ok(found.value.into_iter().next().flatten())
    }

    /// A new session of the 2025 wire.
    pub(crate) async fn session(&self, principal: Principal) -> Result<Session, Halt> {
        let record = SessionRecord::new(principal.clone(), "2025-11-25".to_owned(), RawValue::NULL.to_owned());
        let id = self.runtime.sessions().create(&record).await?;
        Ok(session(principal, id))
    }
}

/// The caller of a session, as its transport makes it.
fn session(principal: Principal, id: String) -> Session {
    let digest = Scope::session(&principal, &id).id;
    let abilities = ClientAbilities { elicitation: true, url_elicitation: true, sampling: true, roots: true };
    let mut caller = Caller::in_session(AuthContext::new(principal), digest.clone(), abilities);
    caller.visibility = Some(Arc::default());
    Session { id, digest, caller }
}

/// A call of a client that knows no tasks.
pub(crate) fn call(tool: &str, arguments: Value) -> CallTool {
    match arguments {
        Value::Object(arguments) => CallTool::new(tool, arguments),
        _ => CallTool::new(tool, Map::new()),
    }
}

/// The text of a result.
pub(crate) fn text(outcome: &TaskOutcome) -> Option<&str> {
    match outcome {
        TaskOutcome::Result(result) => result["content"][0]["text"].as_str(),
        _ => None,
    }
}

/// Why a task failed.
pub(crate) fn reason(outcome: &TaskOutcome) -> Option<&str> {
    match outcome {
        TaskOutcome::Error(error) => error.data.as_ref()?["reason"].as_str(),
        _ => None,
    }
}
