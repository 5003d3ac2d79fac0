use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Map, Value};

use super::Runtime;
use crate::component::{
    Completion, Prompt, PromptOutput, Resource, ResourceOutput, ResourceTemplate, Tool, ToolOutput,
};
use crate::context::{Caller, Client};
use crate::ids::TaskId;
use crate::operation::{
    AskedTtl, CallError, CallOutcome, CallTool, CancelOutcome, CancelTask, Complete, GetPrompt, GetTask, ListPrompts,
    ListResourceTemplates, ListResources, ListTools, METHOD_NOT_FOUND, ReadResource, Request, TaskMode, TaskView,
    UpdateTask, WatchTask,
};
use crate::principal::{AuthContext, Principal};
use crate::task::{ClientAbilities, InputRequest, Progress, RpcError, TaskOutcome};

type Answerer = dyn Fn(&str, &InputRequest) -> Option<Value> + Send + Sync;

/// A client in the same process, without a wire: for an author's own tests, and for programs that embed a server.
///
/// Its stored values are those of its principal.
#[derive(Clone)]
pub struct LocalClient {
    runtime: Runtime,
    caller: Caller,
    answerer: Arc<Answerer>,
}

impl fmt::Debug for LocalClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalClient").field("caller", &self.caller).finish_non_exhaustive()
    }
}

impl LocalClient {
    pub(super) fn new(runtime: Runtime, principal: Principal) -> Self {
        let caller = Caller::stateless(AuthContext::new(principal), ClientAbilities::default());
        Self { runtime, caller, answerer: Arc::new(|_, _| None) }
    }

    /// The same client with a user who answers: the function gets the key and the request and returns the result of it,
    /// as MCP spells it. Plain calls are answered by it; tasks by [`LocalTask::answer`].
    #[must_use]
    pub fn answering(
        mut self,
        answerer: impl Fn(&str, &InputRequest) -> Option<Value> + Send + Sync + 'static,
    ) -> Self {
        self.caller.abilities =
            ClientAbilities { elicitation: true, url_elicitation: true, sampling: true, roots: true };
        self.answerer = Arc::new(answerer);
        self
    }

    /// Calls a tool and waits for its result.
    ///
    /// # Errors
    /// As [`Runtime::handle`].
    pub async fn call(&self, tool: &str, arguments: Value) -> Result<ToolOutput, CallError> {
        complete(self.ask(CallTool::new(tool, object(arguments)?)).await?)
    }

    /// All tools, whatever number of pages they have.
    ///
    /// # Errors
    /// As [`Runtime::handle`].
    pub async fn list_tools(&self) -> Result<Vec<Arc<Tool>>, CallError> {
        all(async |cursor| {
            let page = self.ask(ListTools::new(cursor)).await?;
            Ok((page.tools, page.next_cursor))
        })
        .await
    }

    /// All resources.
    ///
    /// # Errors
    /// As [`Runtime::handle`].
    pub async fn list_resources(&self) -> Result<Vec<Arc<Resource>>, CallError> {
        all(async |cursor| {
            let page = self.ask(ListResources::new(cursor)).await?;
            Ok((page.resources, page.next_cursor))
        })
        .await
    }

    /// All templates of resources.
    ///
    /// # Errors
    /// As [`Runtime::handle`].
    pub async fn list_resource_templates(&self) -> Result<Vec<Arc<ResourceTemplate>>, CallError> {
        all(async |cursor| {
            let page = self.ask(ListResourceTemplates::new(cursor)).await?;
            Ok((page.resource_templates, page.next_cursor))
        })
        .await
    }

    /// Reads a resource.
    ///
    /// # Errors
    /// As [`Runtime::handle`].
    pub async fn read_resource(&self, uri: &str) -> Result<ResourceOutput, CallError> {
        complete(self.ask(ReadResource::new(uri)).await?)
    }

    /// All prompts.
    ///
    /// # Errors
    /// As [`Runtime::handle`].
    pub async fn list_prompts(&self) -> Result<Vec<Arc<Prompt>>, CallError> {
        all(async |cursor| {
            let page = self.ask(ListPrompts::new(cursor)).await?;
            Ok((page.prompts, page.next_cursor))
        })
        .await
    }

    /// Gets a prompt.
    ///
    /// # Errors
    /// As [`Runtime::handle`].
    pub async fn get_prompt(&self, name: &str, arguments: Value) -> Result<PromptOutput, CallError> {
        complete(self.ask(GetPrompt::new(name, object(arguments)?)).await?)
    }

    /// What an argument may be completed to.
    ///
    /// # Errors
    /// As [`Runtime::handle`].
    pub async fn complete(&self, request: Complete) -> Result<Completion, CallError> {
        self.ask(request).await
    }

    /// Submits a tool as a task.
    ///
    /// # Errors
    /// As [`Runtime::handle`].
    pub async fn start(&self, tool: &str, arguments: Value) -> Result<LocalTask, CallError> {
        let call = CallTool::new(tool, object(arguments)?).tasks(TaskMode::Requested(AskedTtl::Default));
        match self.ask(call).await? {
            CallOutcome::Task(task) => Ok(self.task(task.id)),
            CallOutcome::Complete(_) | CallOutcome::InputRequired { .. } => Err(CallError::Cancelled),
        }
    }

    /// A task that was submitted before, in this process or another.
    pub fn task(&self, id: TaskId) -> LocalTask {
        LocalTask { client: self.clone(), id }
    }

    async fn ask<R: Request + Clone>(&self, request: R) -> Result<R::Answer, CallError> {
        let client = Arc::new(InProcess(self.answerer.clone()));
        self.runtime.handle(request, self.caller.clone(), client).await
    }
}

fn object(arguments: Value) -> Result<Map<String, Value>, CallError> {
    match arguments {
        Value::Object(arguments) => Ok(arguments),
        Value::Null => Ok(Map::new()),
        _ => Err(CallError::InvalidParams("arguments must be an object".to_owned())),
    }
}

/// The result of a call whose client answers within it and knows no tasks.
fn complete<O>(outcome: CallOutcome<O>) -> Result<O, CallError> {
    match outcome {
        CallOutcome::Complete(output) => Ok(output),
        CallOutcome::InputRequired { .. } | CallOutcome::Task(_) => Err(CallError::Cancelled),
    }
}

/// What is on all pages.
async fn all<T>(
    page: impl AsyncFn(Option<String>) -> Result<(Vec<T>, Option<String>), CallError>,
) -> Result<Vec<T>, CallError> {
    let (mut all, mut cursor) = page(None).await?;
    while cursor.is_some() {
        let (more, next) = page(cursor).await?;
        all.extend(more);
        cursor = next;
    }
    Ok(all)
}

/// A task of a [`LocalClient`].
#[derive(Clone, Debug)]
pub struct LocalTask {
    client: LocalClient,
    id: TaskId,
}

impl LocalTask {
    /// Its id.
    pub const fn id(&self) -> &TaskId {
        &self.id
    }

    /// How far it is.
    ///
    /// # Errors
    /// As [`Runtime::handle`].
    pub async fn view(&self) -> Result<TaskView, CallError> {
        self.client.ask(GetTask::new(self.id.clone())).await
    }

    /// Waits until it satisfies `condition`, for instance until it waits for input.
    ///
    /// # Errors
    /// As [`Runtime::handle`].
    pub async fn until(&self, condition: impl Fn(&TaskView) -> bool + Send) -> Result<TaskView, CallError> {
        let mut watch = self.client.ask(WatchTask::new(self.id.clone())).await?;
        while !condition(watch.view()) {
            watch.changed().await?;
        }
        Ok(watch.view().clone())
    }

    /// Waits until it has ended.
    ///
    /// # Errors
    /// As [`Runtime::handle`].
    pub async fn result(&self) -> Result<TaskOutcome, CallError> {
        let view = self.until(|view| view.status.is_terminal()).await?;
        view.outcome.ok_or_else(|| CallError::UnknownTask(self.id.to_string()))
    }

    /// Answers one of its open inputs.
    ///
    /// # Errors
    /// As [`Runtime::handle`].
    pub async fn answer(&self, key: &str, answer: Value) -> Result<(), CallError> {
        let answers = BTreeMap::from([(key.to_owned(), answer)]);
        self.client.ask(UpdateTask::new(self.id.clone(), answers)).await
    }

    /// Cancels it.
    ///
    /// # Errors
    /// As [`Runtime::handle`].
    pub async fn cancel(&self) -> Result<CancelOutcome, CallError> {
        self.client.ask(CancelTask::new(self.id.clone())).await
    }
}

/// The client of a plain in-process call.
struct InProcess(Arc<Answerer>);

#[async_trait]
impl Client for InProcess {
    fn answers_within_call(&self) -> bool {
        true
    }

    async fn request(&self, key: &str, request: &InputRequest) -> Result<Value, RpcError> {
        (self.0)(key, request).ok_or_else(|| RpcError::new(METHOD_NOT_FOUND, "nobody answers"))
    }

    async fn progress(&self, _progress: &Progress) {}
}
