//! What a server author writes: tools.

mod check;
mod content;
mod error;
mod form;
mod output;
mod policy;
mod schema;
mod whole;

pub use check::InvalidTool;
pub use content::{Content, ResourceContents};
pub(crate) use error::Failure;
pub use error::ToolError;
pub use form::{NotAForm, form_of};
pub(crate) use form::{filled_in, form};
pub use output::{IntoOutput, Json, ToolOutput};
pub use policy::{TaskPolicy, TaskSupport};
use schema::reads_null;
pub use schema::{result_schema_of, schema_of};

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::runtime::Context;
use whole::{is_whole, whole};

type Handler = dyn Fn(Context, Map<String, Value>) -> BoxFuture<'static, Result<ToolOutput, ToolError>> + Send + Sync;

/// Arguments of a tool that takes none, as `()` is. Others are ignored.
///
/// ```
/// use fastestmcp_core::tool::{NoArgs, Tool};
///
/// let now = Tool::new("now", async |_cx, _: NoArgs| Ok(format!("{:?}", std::time::SystemTime::now())));
/// let unit = Tool::new("unit", async |_cx, (): ()| Ok("the same"));
/// assert_eq!(now.schema()["properties"], unit.schema()["properties"]);
/// ```
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
pub struct NoArgs {}

/// What a tool says of itself to clients. All of it are hints, but idempotence and read-only decide the default of
/// [`TaskPolicy::rerun`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ToolHints {
    /// It changes nothing.
    pub read_only: Option<bool>,
    /// It may destroy something.
    pub destructive: Option<bool>,
    /// Calling it twice is as good as once.
    pub idempotent: Option<bool>,
    /// It talks to an open world.
    pub open_world: Option<bool>,
}

/// A named function that clients can call, with typed arguments and a generated schema.
///
/// ```
/// use fastestmcp_core::tool::{NoArgs, Tool};
///
/// let tool = Tool::new("hello", async |_cx, _: NoArgs| Ok("hello")).description("Greets.");
/// assert_eq!(tool.name(), "hello");
/// ```
#[derive(Clone)]
pub struct Tool {
    name: String,
    title: Option<String>,
    description: Option<String>,
    input_schema: Arc<Map<String, Value>>,
    output_schema: Option<Arc<Map<String, Value>>>,
    hints: ToolHints,
    timeout: Option<Duration>,
    task: TaskPolicy,
    handler: Arc<Handler>,
}

impl fmt::Debug for Tool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tool").field("name", &self.name).field("task", &self.task).finish_non_exhaustive()
    }
}

impl Tool {
    /// A tool from an async function or a closure without captures.
    pub fn new<A, O, F, Fut>(name: impl Into<String>, handler: F) -> Self
    where
        A: DeserializeOwned + JsonSchema + Send + 'static,
        O: IntoOutput,
        F: Fn(Context, A) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<O, ToolError>> + Send + 'static,
    {
        let takes_none = reads_null::<A>();
        let decoded = move |arguments| if takes_none { decode(Value::Null) } else { decode(Value::Object(arguments)) };
        let handler = move |cx: Context, arguments: Map<String, Value>| match decoded(arguments) {
            Ok(arguments) => handler(cx, arguments).map(|result| result.and_then(IntoOutput::into_output)).boxed(),
            Err(error) => std::future::ready(Err(error)).boxed(),
        };
        Self {
            name: name.into(),
            title: None,
            description: None,
            input_schema: Arc::new(schema_of::<A>()),
            output_schema: O::output_schema().map(Arc::new),
            hints: ToolHints::default(),
            timeout: None,
            task: TaskPolicy::forbidden(),
            handler: Arc::new(handler),
        }
    }

    /// A tool that shares `state` with all its calls (an async closure that captures is no `Fn` with a `Send` future).
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use fastestmcp_core::runtime::Context;
    /// use fastestmcp_core::tool::Tool;
    ///
    /// let names = Arc::new(vec!["Ada".to_owned(), "Grace".to_owned()]);
    /// let tool = Tool::with_state("names", names, async |names: Arc<Vec<String>>, _cx: Context, (): ()| {
    ///     Ok(names.join(", "))
    /// });
    /// ```
    pub fn with_state<S, A, O, F, Fut>(name: impl Into<String>, state: S, handler: F) -> Self
    where
        S: Clone + Send + Sync + 'static,
        A: DeserializeOwned + JsonSchema + Send + 'static,
        O: IntoOutput,
        F: Fn(S, Context, A) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<O, ToolError>> + Send + 'static,
    {
        Self::new(name, move |cx, arguments| handler(state.clone(), cx, arguments))
    }

    /// For people.
    #[must_use]
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.title = Some(title.into());
        self
    }

    /// For the model.
    #[must_use]
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.description = Some(description.into());
        self
    }

    /// Replaces the generated input schema; what does not describe an object is refused when the server is built.
    ///
    /// ```
    /// use fastestmcp_core::runtime::Context;
    /// use fastestmcp_core::tool::Tool;
    /// use serde_json::{Map, Value, json};
    ///
    /// let schema = json!({ "type": "object", "properties": { "q": { "type": "string" } } });
    /// let tool = Tool::new("search", async |_: Context, args: Map<String, Value>| Ok(format!("{args:?}")))
    ///     .input_schema(schema.as_object().cloned().unwrap_or_default());
    /// ```
    #[must_use]
    pub fn input_schema(mut self, schema: Map<String, Value>) -> Self {
        self.input_schema = Arc::new(schema);
        self
    }

    /// The schema of its structured result, instead of that of the type it returns: for handlers that return
    /// [`ToolOutput`]. Clients hold results against it.
    #[must_use]
    pub fn output_schema(mut self, schema: Map<String, Value>) -> Self {
        self.output_schema = Some(Arc::new(schema));
        self
    }

    /// It changes nothing.
    #[must_use]
    pub const fn read_only(mut self) -> Self {
        self.hints.read_only = Some(true);
        self
    }

    /// Calling it twice is as good as once.
    #[must_use]
    pub const fn idempotent(mut self) -> Self {
        self.hints.idempotent = Some(true);
        self
    }

    /// It may destroy something, or says that it never does.
    #[must_use]
    pub const fn destructive(mut self, destructive: bool) -> Self {
        self.hints.destructive = Some(destructive);
        self
    }

    /// It talks to an open world, or says that it does not.
    #[must_use]
    pub const fn open_world(mut self, open_world: bool) -> Self {
        self.hints.open_world = Some(open_world);
        self
    }

    /// How long a plain call may take, waiting for the client's input not counted; 60 s unless told otherwise.
    #[must_use]
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Whether and how it runs as a task.
    #[must_use]
    pub fn task(mut self, policy: TaskPolicy) -> Self {
        self.task = policy;
        self
    }

    /// The name clients call.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// For people.
    pub fn title_text(&self) -> Option<&str> {
        self.title.as_deref()
    }

    /// For the model.
    pub fn description_text(&self) -> Option<&str> {
        self.description.as_deref()
    }

    /// The JSON schema of its arguments.
    pub const fn schema(&self) -> &Arc<Map<String, Value>> {
        &self.input_schema
    }

    /// The JSON schema of its structured result, if it has one.
    pub const fn result_schema(&self) -> Option<&Arc<Map<String, Value>>> {
        self.output_schema.as_ref()
    }

    /// What it says of itself.
    pub const fn hints(&self) -> ToolHints {
        self.hints
    }

    /// How long a plain call may take.
    pub const fn call_timeout(&self) -> Option<Duration> {
        self.timeout
    }

    /// Whether and how it runs as a task.
    pub const fn task_policy(&self) -> &TaskPolicy {
        &self.task
    }

    /// Runs the handler.
    pub(crate) fn run(
        &self,
        cx: Context,
        arguments: Map<String, Value>,
    ) -> BoxFuture<'static, Result<ToolOutput, ToolError>> {
        (self.handler)(cx, arguments)
    }
}

fn decode<A: DeserializeOwned>(arguments: Value) -> Result<A, ToolError> {
    let decoded = if is_whole(&arguments) {
        serde_json::from_value(arguments)
    } else {
        // Only where it must: a handler that reads any number gets it as it was written.
        A::deserialize(&arguments).or_else(|_| serde_json::from_value(whole(arguments)))
    };
    decoded.map_err(|error| ToolError::new(format!("invalid arguments: {error}")))
}
