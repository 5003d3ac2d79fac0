mod check;
mod policy;

pub use check::InvalidTool;
pub use policy::{TaskPolicy, TaskSupport};

use std::fmt;
use std::sync::Arc;

use futures_util::FutureExt;
use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::description::described;
use super::schema::reads_null;
use super::{Component, Description, Icon, IntoOutput, Prepared, ToolOutput, schema_of};
use crate::context::{Context, ToolError};
use crate::integers::{integers, is_whole, wants_integers, whole};
use crate::task::RpcError;

type Prepare = dyn Fn(&Value) -> Result<Prepared<ToolOutput>, ToolError> + Send + Sync;

/// Arguments of a tool that takes none, as `()` is. Others are ignored.
///
/// ```
/// use fastestmcp_core::component::{NoArgs, Tool};
///
/// let now = Tool::new("now", async |_cx, _: NoArgs| Ok(format!("{:?}", std::time::SystemTime::now())));
/// let unit = Tool::new("unit", async |_cx, (): ()| Ok("the same"));
/// assert_eq!(now.schema()["properties"], unit.schema()["properties"]);
/// ```
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
// Models read this, and not what is said above to authors.
#[schemars(description = "No arguments.")]
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
/// use fastestmcp_core::component::{NoArgs, Tool};
///
/// let tool = Tool::new("hello", async |_cx, _: NoArgs| Ok("hello")).description("Greets.");
/// assert_eq!(tool.name(), "hello");
/// ```
#[derive(Clone)]
pub struct Tool {
    description: Description,
    input_schema: Arc<Map<String, Value>>,
    /// Its arguments have integers, which clients may write as 3.0.
    takes_integers: bool,
    output_schema: Option<Arc<Map<String, Value>>>,
    hints: ToolHints,
    task: Arc<TaskPolicy>,
    prepare: Arc<Prepare>,
}

impl fmt::Debug for Tool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tool").field("name", &self.description.name).field("task", &self.task).finish_non_exhaustive()
    }
}

described!(Tool, "Tool::new(\"hello\", async |_cx, (): ()| Ok(\"hello\"))");

impl Tool {
    /// A tool from an async function or a closure without captures.
    pub fn new<A, O, F, Fut>(name: impl Into<String>, handler: F) -> Self
    where
        A: DeserializeOwned + JsonSchema + Send + 'static,
        O: IntoOutput,
        F: Fn(Context, A) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<O, ToolError>> + Send + 'static,
    {
        let (takes_none, handler) = (reads_null::<A>(), Arc::new(handler));
        let prepare = move |arguments: &Value| {
            let arguments: A = decode(if takes_none { &Value::Null } else { arguments })?;
            let handler = handler.clone();
            let run = move |cx| handler(cx, arguments).map(|result| result.and_then(IntoOutput::into_output)).boxed();
            Ok(Box::new(run) as Prepared<ToolOutput>)
        };
        let input_schema = schema_of::<A>();
        Self {
            description: Description::named(name),
            takes_integers: wants_integers(&input_schema),
            input_schema: Arc::new(input_schema),
            output_schema: O::output_schema().map(Arc::new),
            hints: ToolHints::default(),
            task: Arc::new(TaskPolicy::forbidden()),
            prepare: Arc::new(prepare),
        }
    }

    /// A tool that shares `state` with all its calls (an async closure that captures is no `Fn` with a `Send` future).
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use fastestmcp_core::context::Context;
    /// use fastestmcp_core::component::Tool;
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

    /// Replaces the generated input schema; what does not describe an object is refused when the server is built.
    ///
    /// ```
    /// use fastestmcp_core::context::Context;
    /// use fastestmcp_core::component::Tool;
    /// use serde_json::{Map, Value, json};
    ///
    /// let schema = json!({ "type": "object", "properties": { "q": { "type": "string" } } });
    /// let tool = Tool::new("search", async |_: Context, args: Map<String, Value>| Ok(format!("{args:?}")))
    ///     .input_schema(schema.as_object().cloned().unwrap_or_default());
    /// ```
    #[must_use]
    pub fn input_schema(mut self, schema: Map<String, Value>) -> Self {
        self.takes_integers = wants_integers(&schema);
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

    /// Whether and how it runs as a task.
    #[must_use]
    pub fn task(mut self, policy: TaskPolicy) -> Self {
        self.task = Arc::new(policy);
        self
    }

    /// The name clients call.
    pub fn name(&self) -> &str {
        &self.description.name
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

    /// Whether and how it runs as a task.
    pub fn task_policy(&self) -> &TaskPolicy {
        &self.task
    }
}

impl Component for Tool {
    type Output = ToolOutput;

    fn description(&self) -> &Description {
        &self.description
    }

    fn prepare(&self, arguments: &Value) -> Result<Prepared<ToolOutput>, ToolError> {
        if self.takes_integers {
            (self.prepare)(&integers(&self.input_schema, arguments))
        } else {
            (self.prepare)(arguments)
        }
    }

    fn told(text: String) -> Result<ToolOutput, RpcError> {
        Ok(ToolOutput::error(text))
    }
}

fn decode<A: DeserializeOwned>(arguments: &Value) -> Result<A, ToolError> {
    let decoded = A::deserialize(arguments).or_else(|error| {
        // A type may read integers that its schema does not speak of.
        if is_whole(arguments) { Err(error) } else { serde_json::from_value(whole(arguments.clone())) }
    });
    decoded.map_err(|error| ToolError::new(format!("invalid arguments: {error}")))
}
