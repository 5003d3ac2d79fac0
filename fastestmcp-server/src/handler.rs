use std::sync::{Arc, OnceLock};

use fastestmcp_core::component::Tool;
use fastestmcp_core::ids::ShortId;
use fastestmcp_core::operation::{CallTool, ListTools, Resume, TaskMode};
use fastestmcp_core::principal::Principal;
use fastestmcp_core::runtime::Runtime;
use rmcp::ServerHandler;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CancelTaskParams, CustomRequest, CustomResult, ErrorData, GetTaskParams,
    GetTaskResult, Implementation, InitializeRequestParams, InitializeResult, ListToolsResult, PaginatedRequestParams,
    ServerCapabilities, ServerConfig, Tool as WireTool, UpdateTaskParams,
};
use rmcp::service::{RequestContext, RoleServer};
use serde_json::Value;
use tokio::time::Instant;
use tokio_util::task::TaskTracker;
use tracing::field::Empty;
use tracing::{Instrument, Span};

use crate::catalog::Catalog;
use crate::incoming::{self, Era, Incoming};
use crate::telemetry::{Drained, SPAN_REQUEST, Shown, TARGET};
use crate::wire::{RENAMED, errors, inbound};
use crate::{era2025, era2026};

/// Methods of MCP that this server serves. The protocol layer hands them over untyped only if their params do not fit.
const SERVED: [&str; 6] = ["tools/call", "tools/list", "tasks/get", "tasks/update", "tasks/cancel", inbound::LISTEN];

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
}

impl McpHandler {
    pub(crate) fn new(
        runtime: Runtime,
        info: Implementation,
        instructions: Option<String>,
        tools: &[Tool],
        local: Principal,
    ) -> Self {
        let capabilities = ServerCapabilities::builder().enable_tools().enable_tasks().build();
        let mut config = ServerConfig::new(capabilities).with_server_info(info);
        config.instructions = instructions;
        Self(Arc::new(Inner {
            runtime,
            config,
            catalog: Arc::new(Catalog::new(tools)),
            local,
            under_way: TaskTracker::new(),
            drained: OnceLock::new(),
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
            if params.input_responses.is_some() || params.request_state.is_some() {
                let answers = params.input_responses.unwrap_or_default();
                request = request.resume(Resume { state: params.request_state, answers });
            }
        }
        let outcome = incoming.ask(request).await.map_err(|error| incoming.refused(&error))?;
        match incoming.era {
            Era::Session { .. } => era2025::answer(outcome),
            Era::Stateless { .. } => era2026::answer(outcome),
        }
    }

    /// A request that the protocol layer has no type for, or whose params do not fit its type.
    async fn custom(&self, request: CustomRequest, cx: RequestContext<RoleServer>) -> Result<CustomResult, ErrorData> {
        let incoming = self.incoming(&cx);
        let params = request.params.unwrap_or(Value::Null);
        let Some(method) = request.method.strip_prefix(RENAMED) else {
            return Err(if SERVED.contains(&request.method.as_str()) {
                errors::invalid_params("the params do not fit the method")
            } else {
                errors::method_not_found(&request.method)
            });
        };
        if method == inbound::LIST {
            return Err(errors::invalid_params("cursor is not a string"));
        }
        let result = match incoming.era {
            Era::Session { knows_tasks } => era2025::serve(&incoming, knows_tasks, method, params, cx.meta.0.0).await?,
            Era::Stateless { tasks } if method == inbound::LISTEN => {
                era2026::listen(&incoming, tasks, &params, self.server_info()).await?
            }
            Era::Stateless { .. } => return Err(errors::method_not_found(method)),
        };
        Ok(CustomResult::new(result))
    }
}

/// What a request is about, for its span.
#[derive(Default)]
struct About<'r> {
    tool: Option<&'r str>,
    task: Option<&'r str>,
}

impl About<'_> {
    fn span(&self, method: &str, cx: &RequestContext<RoleServer>) -> Span {
        let span = tracing::info_span!(
            target: TARGET,
            SPAN_REQUEST,
            method = %Shown(method),
            request = %Shown(&cx.id.to_string()),
            session = Empty,
            tool = self.tool,
            task = self.task.map(|task| Shown(&ShortId::of(task).to_string()).to_string()),
        );
        if let Some(session) = incoming::session(cx) {
            span.record("session", session);
        }
        span
    }
}

/// Does the work of a request in its span, and says how it ended.
async fn observed<T>(span: Span, work: impl Future<Output = Result<T, ErrorData>>) -> Result<T, ErrorData> {
    let began = Instant::now();
    async {
        let result = work.await;
        let code = result.as_ref().err().map(|error| error.code.0);
        tracing::debug!(target: TARGET, took = ?began.elapsed(), code, "answered");
        result
    }
    .instrument(span)
    .await
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
        let incoming = self.incoming(&context);
        let cursor = request.and_then(|request| request.cursor);
        let page = incoming.ask(ListTools::new(cursor)).await.map_err(|error| incoming.refused(&error))?;
        Ok(self.0.catalog.list(&page))
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
        let span = About { tool, task: named("taskId") }.span(method, &context);
        observed(span, Box::pin(self.custom(request, context))).await
    }
}
