#![allow(deprecated, reason = "clients of the revisions with sessions have logs")]

mod about;
mod components;
mod local_changes;
mod session;

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use ::http::request::Parts;
use fastestmcp_core::operation::{CallTool, ListTools, Resume, TaskMode};
use fastestmcp_core::principal::Principal;
use fastestmcp_core::runtime::Runtime;
use fastestmcp_core::session::Scope;
use rmcp::ServerHandler;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CancelTaskParams, CompleteRequestParams, CompleteResult, CustomRequest,
    CustomResult, ErrorData, GetPromptRequestParams, GetPromptResponse, GetTaskParams, GetTaskResult, Implementation,
    InitializeRequestParams, InitializeResult, ListPromptsResult, ListResourceTemplatesResult, ListResourcesResult,
    ListToolsResult, PaginatedRequestParams, ReadResourceRequestParams, ReadResourceResponse, ServerConfig,
    SetLevelRequestParams, SubscribeRequestParams, Tool as WireTool, UnsubscribeRequestParams, UpdateTaskParams,
};
use rmcp::service::{NotificationContext, RequestContext, RoleServer};
use serde_json::Value;
use tokio::time::Instant;
use tokio_util::task::TaskTracker;

use crate::catalog::{self, Catalog};
use crate::incoming::{Era, Incoming};
use crate::telemetry::{Drained, TARGET};
use crate::wire::{RENAMED, errors, inbound};
use crate::{era2025, era2026};
use about::{About, observed};
use local_changes::LocalChanges;

/// Answers the requests of clients out of the runtime.
#[derive(Clone, Debug)]
pub(crate) struct McpHandler(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    runtime: Runtime,
    config: ServerConfig,
    catalog: Arc<Catalog>,
    local: Principal,
    /// What is under way, for an orderly stop.
    under_way: TaskTracker,
    /// What the first drain came upon.
    drained: OnceLock<Drained>,
    local_changes: LocalChanges,
}

impl McpHandler {
    pub(crate) fn new(runtime: Runtime, info: Implementation, instructions: Option<String>, local: Principal) -> Self {
        let tools: Vec<_> = runtime.tools().collect();
        let catalog = Arc::new(Catalog::new(&tools));
        let mut config = ServerConfig::new(catalog::capabilities(&runtime)).with_server_info(info);
        config.instructions = instructions;
        Self(Arc::new(Inner {
            runtime,
            config,
            catalog,
            local,
            under_way: TaskTracker::new(),
            drained: OnceLock::new(),
            local_changes: LocalChanges::default(),
        }))
    }

    pub(crate) fn runtime(&self) -> &Runtime {
        &self.0.runtime
    }

    pub(crate) fn catalog(&self) -> &Arc<Catalog> {
        &self.0.catalog
    }

    pub(crate) fn server_info(&self) -> &Implementation {
        &self.0.config.server_info
    }

    /// Lets running calls and tasks end within the drain period, or hands them back, and closes the stores (contract R7).
    /// Once is enough: the second time it tells what the first came upon. `last` is what must still be stored.
    pub(crate) async fn drain(&self, last: impl Future<Output = ()> + Send) -> Drained {
        let (began, calls, runtime) = (Instant::now(), self.0.under_way.len(), self.runtime());
        self.0.under_way.close();
        let ended = tokio::time::timeout(runtime.config().drain, self.0.under_way.wait());
        let _ = tokio::join!(runtime.shutdown(), ended);
        last.await;
        runtime.stores().close().await;
        let cut_off = self.0.under_way.len();
        *self.0.drained.get_or_init(|| {
            if cut_off > 0 {
                tracing::warn!(target: TARGET, cut_off, "some calls did not end and are cut off");
            }
            Drained { calls, cut_off, took: began.elapsed() }
        })
    }

    fn incoming(&self, cx: &RequestContext<RoleServer>) -> Incoming<'_> {
        Incoming::of(cx, &self.0.runtime, &self.0.under_way, &self.0.local)
    }

    async fn call(&self, params: CallToolRequestParams, cx: RequestContext<RoleServer>) -> CallResult {
        let incoming = self.incoming(&cx);
        let mut request = CallTool::new(params.name, params.arguments.unwrap_or_default()).meta(cx.meta.0.0);
        if let Era::Stateless { tasks } = incoming.era {
            request.tasks = if tasks { TaskMode::Accepted } else { TaskMode::Unknown };
            request.resume = resumed(params.request_state, params.input_responses);
        }
        let outcome = incoming.ask(request).await.map_err(|error| incoming.refused(&error))?;
        match incoming.era {
            Era::Session { .. } => era2025::answer(outcome),
            Era::Stateless { .. } => era2026::answer(outcome),
        }
    }

    async fn tools(
        &self,
        page: Option<PaginatedRequestParams>,
        cx: &RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let incoming = self.incoming(cx);
        let cursor = page.and_then(|page| page.cursor);
        let page = incoming.ask(ListTools::new(cursor)).await.map_err(|error| incoming.refused(&error))?;
        Ok(self.0.catalog.list(&page))
    }

    /// Whether it is a method of MCP that this server serves. The protocol layer hands over untyped what it has a type for
    /// only if the params do not fit.
    fn serves(&self, method: &str) -> bool {
        let capabilities = &self.0.config.capabilities;
        match method {
            "tools/call"
            | "tools/list"
            | "tasks/get"
            | "tasks/update"
            | "tasks/cancel"
            | "logging/setLevel"
            | inbound::LISTEN => true,
            "resources/list"
            | "resources/templates/list"
            | "resources/read"
            | "resources/subscribe"
            | "resources/unsubscribe" => capabilities.resources.is_some(),
            "prompts/list" | "prompts/get" => capabilities.prompts.is_some(),
            "completion/complete" => capabilities.completions.is_some(),
            _ => false,
        }
    }

    fn check_served(&self, method: &str) -> Result<(), ErrorData> {
        if self.serves(method) { Ok(()) } else { Err(errors::method_not_found(method)) }
    }

    /// A request that the protocol layer has no type for, or whose params do not fit its type.
    async fn custom(&self, request: CustomRequest, cx: RequestContext<RoleServer>) -> Result<CustomResult, ErrorData> {
        let incoming = self.incoming(&cx);
        let params = request.params.unwrap_or(Value::Null);
        let Some(method) = request.method.strip_prefix(RENAMED) else {
            let exists = matches!(incoming.era, Era::Session { .. }) || !OF_SESSIONS.contains(&request.method.as_str());
            return Err(if exists && self.serves(&request.method) {
                errors::invalid_params("the params do not fit the method")
            } else {
                errors::method_not_found(&request.method)
            });
        };
        if inbound::LISTS.contains(&method) {
            self.check_served(method)?;
            return Err(errors::invalid_params("cursor is not a string"));
        }
        let result = match incoming.era {
            Era::Session { knows_tasks } => era2025::serve(&incoming, knows_tasks, method, params, cx.meta.0.0).await?,
            Era::Stateless { tasks } if method == inbound::LISTEN => {
                era2026::listen(&incoming, tasks, &params, &self.0.config).await?
            }
            Era::Stateless { .. } => return Err(errors::method_not_found(method)),
        };
        Ok(CustomResult::new(result))
    }
}

/// What only sessions know: in 2026-07-28 it does not exist, whatever the params.
const OF_SESSIONS: [&str; 3] = ["logging/setLevel", "resources/subscribe", "resources/unsubscribe"];

/// What the client brings back to a request that asked it something, if it brings back anything.
fn resumed(state: Option<String>, answers: Option<BTreeMap<String, Value>>) -> Option<Resume> {
    (state.is_some() || answers.is_some()).then(|| Resume { state, answers: answers.unwrap_or_default() })
}

type CallResult = Result<CallToolResponse, ErrorData>;

// rmcp moves the futures of all methods as one: each of them is kept small by putting what it does on the heap.
impl ServerHandler for McpHandler {
    fn get_info(&self) -> ServerConfig {
        self.0.config.clone()
    }

    async fn initialize(
        &self,
        request: InitializeRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<InitializeResult, ErrorData> {
        let mut result = self.negotiate_initialize(&request)?;
        // Extensions are of 2026-07-28, which has no `initialize`.
        result.capabilities.extensions = None;
        context.peer.set_peer_info(request);
        Ok(result)
    }

    async fn list_tools(
        &self,
        request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        Box::pin(self.tools(request, &context)).await
    }

    async fn list_resources(
        &self,
        request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        Box::pin(self.resources(request, &context)).await
    }

    async fn list_resource_templates(
        &self,
        request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        Box::pin(self.templates(request, &context)).await
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        let span = About::default().span("resources/read", &context);
        observed(span, Box::pin(self.read(request, context))).await
    }

    async fn set_level(&self, _: SetLevelRequestParams, context: RequestContext<RoleServer>) -> Result<(), ErrorData> {
        self.level(&context)
    }

    async fn subscribe(
        &self,
        request: SubscribeRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        Box::pin(self.subscription(request, &context)).await
    }

    async fn unsubscribe(
        &self,
        request: UnsubscribeRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        self.no_subscription(&request, &context)
    }

    async fn on_initialized(&self, context: NotificationContext<RoleServer>) {
        // Over HTTP a session hears of changes by its own stream, and nothing else has one.
        if context.extensions.get::<Parts>().is_none() {
            let whom = Scope::principal(&self.0.local);
            self.0.local_changes.follow_lists(&self.runtime().changes(), &whom, &context.peer).await;
        }
    }

    async fn list_prompts(
        &self,
        request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListPromptsResult, ErrorData> {
        Box::pin(self.prompts(request, &context)).await
    }

    async fn get_prompt(
        &self,
        request: GetPromptRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<GetPromptResponse, ErrorData> {
        let prompt = self.runtime().prompt(&request.name).map(|prompt| prompt.name());
        let span = About { prompt, ..About::default() }.span("prompts/get", &context);
        observed(span, Box::pin(self.prompt(request, context))).await
    }

    async fn complete(
        &self,
        request: CompleteRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CompleteResult, ErrorData> {
        let span = About::default().span("completion/complete", &context);
        observed(span, Box::pin(self.completion(request, context))).await
    }

    fn get_tool(&self, name: &str) -> Option<WireTool> {
        self.0.catalog.get(name).cloned()
    }

    async fn call_tool(&self, request: CallToolRequestParams, context: RequestContext<RoleServer>) -> CallResult {
        // What is no name of a tool is the client's text, of any length.
        let tool = self.runtime().tool(&request.name).map(|tool| tool.name());
        let span = About { tool, ..About::default() }.span("tools/call", &context);
        observed(span, Box::pin(self.call(request, context))).await
    }

    async fn get_task(
        &self,
        request: GetTaskParams,
        context: RequestContext<RoleServer>,
    ) -> Result<GetTaskResult, ErrorData> {
        let span = About { task: Some(&request.task_id), ..About::default() }.span("tasks/get", &context);
        let incoming = self.incoming(&context);
        observed(span, Box::pin(era2026::get(&incoming, request))).await
    }

    async fn update_task(
        &self,
        request: UpdateTaskParams,
        context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        let span = About { task: Some(&request.task_id), ..About::default() }.span("tasks/update", &context);
        let incoming = self.incoming(&context);
        observed(span, Box::pin(era2026::update(&incoming, request))).await
    }

    async fn cancel_task(
        &self,
        request: CancelTaskParams,
        context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        let span = About { task: Some(&request.task_id), ..About::default() }.span("tasks/cancel", &context);
        let incoming = self.incoming(&context);
        observed(span, Box::pin(era2026::cancel(&incoming, request))).await
    }

    async fn on_custom_request(
        &self,
        request: CustomRequest,
        context: RequestContext<RoleServer>,
    ) -> Result<CustomResult, ErrorData> {
        let method = request.method.strip_prefix(RENAMED).unwrap_or(&request.method);
        let named = |name: &str| request.params.as_ref().and_then(|params| params.get(name)?.as_str());
        let tool = named("name").and_then(|name| self.runtime().tool(name)).map(|tool| tool.name());
        let span = About { tool, task: named("taskId"), ..About::default() }.span(method, &context);
        observed(span, Box::pin(self.custom(request, context))).await
    }
}
