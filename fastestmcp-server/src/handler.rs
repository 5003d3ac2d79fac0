use std::sync::Arc;

use fastestmcp_core::principal::Principal;
use fastestmcp_core::runtime::{CallError, CallOutcome, Resume, Runtime, ToolCall};
use fastestmcp_core::task::InputRequest;
use fastestmcp_core::tool::{TaskSupport, Tool};
use rmcp::ServerHandler;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CancelTaskParams, CompleteRequestParams, CompleteResult, CustomRequest,
    CustomResult, ErrorData, GetTaskParams, GetTaskResult, Implementation, InitializeRequestParams, InitializeResult,
    InputRequests, InputRequiredResult, ListPromptsResult, ListResourceTemplatesResult, ListResourcesResult,
    ListToolsResult, PaginatedRequestParams, ServerCapabilities, ServerConfig, Tool as WireTool, UpdateTaskParams,
};
use rmcp::service::{RequestContext, RoleServer};
use serde_json::Value;
use tokio_util::task::TaskTracker;
use tracing::Instrument;

use crate::catalog::Catalog;
use crate::peer_client::PeerClient;
use crate::site::{Era, Site};
use crate::telemetry::{SPAN_CALL, SPAN_TASK};
use crate::wire::{RENAMED, content, errors, inbound};
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
    calls: TaskTracker,
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
            calls: TaskTracker::new(),
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

    /// Ends when no plain call is running, and stays so for those that begin later.
    pub(crate) async fn calls_ended(&self) {
        self.0.calls.close();
        self.0.calls.wait().await;
    }

    fn site(&self, cx: &RequestContext<RoleServer>) -> Site {
        Site::of(cx, &self.0.local)
    }

    /// Runs a call whose answer is the answer of the request.
    pub(crate) async fn plain_call(&self, call: ToolCall, client: PeerClient) -> Result<CallToolResponse, ErrorData> {
        let _running = self.0.calls.token();
        match self.0.runtime.call(call, Arc::new(client)).await {
            Ok(CallOutcome::Complete(output)) => content::call_result(output).map(CallToolResponse::Complete),
            Ok(CallOutcome::InputRequired { requests, state }) => {
                let requests = input_requests(&requests)?;
                Ok(CallToolResponse::InputRequired(InputRequiredResult::new(Some(requests), Some(state))))
            }
            Ok(CallOutcome::Detached(task)) => Ok(era2026::created(&task)),
            Err(error) => Err(errors::refused(&error)),
        }
    }

    async fn call(&self, params: CallToolRequestParams, cx: RequestContext<RoleServer>) -> CallResult {
        let Site { caller, era } = self.site(&cx);
        let policy = self.0.runtime.tool(&params.name).map(Tool::task_policy);
        let support = policy.map(|policy| policy.support);
        let detaches = policy.is_some_and(|policy| policy.detaches);
        let client = PeerClient::of(&cx, matches!(era, Era::Session { .. }));
        let mut call = ToolCall::new(params.name, params.arguments.unwrap_or_default(), caller);
        call.meta = cx.meta.0.0;
        call.cancelled = cx.ct;
        match era {
            Era::Session { .. } if support == Some(TaskSupport::Required) => {
                Err(errors::method_not_found("this tool runs as a task only"))
            }
            Era::Session { .. } => self.plain_call(call, client).await.map(era2025::answer),
            Era::Stateless { tasks } => {
                if params.input_responses.is_some() || params.request_state.is_some() {
                    let answers = params.input_responses.unwrap_or_default();
                    call.resume = Some(Resume { state: params.request_state, answers });
                }
                match support {
                    Some(TaskSupport::Required) if !tasks => Err(era2026::needs_extension()),
                    Some(TaskSupport::Required | TaskSupport::Optional) if tasks && detaches => {
                        call.may_detach = true;
                        self.plain_call(call, client).await
                    }
                    Some(TaskSupport::Required) => Box::pin(era2026::submit(self, call)).await,
                    Some(TaskSupport::Optional) if tasks && call.resume.is_none() => {
                        Box::pin(era2026::submit(self, call)).await
                    }
                    _ => self.plain_call(call, client).await,
                }
            }
        }
    }

    /// A request that the protocol layer has no type for, or whose params do not fit its type.
    async fn custom(
        &self,
        request: CustomRequest,
        context: RequestContext<RoleServer>,
    ) -> Result<CustomResult, ErrorData> {
        let Site { caller, era } = self.site(&context);
        let params = request.params.unwrap_or(Value::Null);
        let Some(method) = request.method.strip_prefix(RENAMED) else {
            return Err(if SERVED.contains(&request.method.as_str()) {
                errors::invalid_params("the params do not fit the method")
            } else {
                errors::method_not_found(&request.method)
            });
        };
        let span = tracing::debug_span!(SPAN_TASK, method);
        let result = match era {
            Era::Session { knows_tasks } => {
                era2025::serve(self, caller, knows_tasks, method, params, context).instrument(span).await?
            }
            Era::Stateless { tasks } if method == inbound::LISTEN => {
                era2026::listen(self, caller, tasks, &params, context).instrument(span).await?
            }
            Era::Stateless { .. } => return Err(errors::method_not_found(method)),
        };
        Ok(CustomResult::new(result))
    }
}

type CallResult = Result<CallToolResponse, ErrorData>;

/// Typed, as results carry them.
pub(crate) fn input_requests<'a>(
    requests: impl IntoIterator<Item = (&'a String, &'a InputRequest)>,
) -> Result<InputRequests, ErrorData> {
    let typed = |request: &InputRequest| serde_json::to_value(request).and_then(serde_json::from_value);
    requests
        .into_iter()
        .map(|(key, request)| Ok((key.clone(), typed(request).map_err(|error| errors::internal(&error))?)))
        .collect()
}

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
        // The list is one page: no cursor is one of ours.
        match request.and_then(|request| request.cursor) {
            None => Ok(match self.site(&context).era {
                Era::Session { .. } => self.0.catalog.list_for_session(),
                Era::Stateless { .. } => self.0.catalog.list(),
            }),
            Some(_) => Err(errors::refused(&CallError::InvalidCursor)),
        }
    }

    // The protocol layer would answer these with empty results, as if the server had what it does not declare.

    async fn complete(
        &self,
        _: CompleteRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<CompleteResult, ErrorData> {
        Err(errors::method_not_found("completion/complete"))
    }

    async fn list_prompts(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListPromptsResult, ErrorData> {
        Err(errors::method_not_found("prompts/list"))
    }

    async fn list_resources(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        Err(errors::method_not_found("resources/list"))
    }

    async fn list_resource_templates(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        Err(errors::method_not_found("resources/templates/list"))
    }

    fn get_tool(&self, name: &str) -> Option<WireTool> {
        self.0.catalog.get(name).cloned()
    }

    async fn call_tool(&self, request: CallToolRequestParams, context: RequestContext<RoleServer>) -> CallResult {
        let span = tracing::debug_span!(SPAN_CALL, tool = &*request.name);
        Box::pin(self.call(request, context)).instrument(span).await
    }

    async fn get_task(
        &self,
        request: GetTaskParams,
        context: RequestContext<RoleServer>,
    ) -> Result<GetTaskResult, ErrorData> {
        let span = tracing::debug_span!(SPAN_TASK, method = "tasks/get");
        let site = self.site(&context);
        Box::pin(era2026::get(self.runtime(), &site.caller, request)).instrument(span).await
    }

    async fn update_task(
        &self,
        request: UpdateTaskParams,
        context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        let span = tracing::debug_span!(SPAN_TASK, method = "tasks/update");
        let site = self.site(&context);
        Box::pin(era2026::update(self.runtime(), &site.caller, request)).instrument(span).await
    }

    async fn cancel_task(
        &self,
        request: CancelTaskParams,
        context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        let span = tracing::debug_span!(SPAN_TASK, method = "tasks/cancel");
        let site = self.site(&context);
        Box::pin(era2026::cancel(self.runtime(), &site.caller, request)).instrument(span).await
    }

    async fn on_custom_request(
        &self,
        request: CustomRequest,
        context: RequestContext<RoleServer>,
    ) -> Result<CustomResult, ErrorData> {
        Box::pin(self.custom(request, context)).await
    }
}
