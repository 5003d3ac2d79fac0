use std::fmt;
use std::sync::Arc;

use futures_util::FutureExt;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::description::described;
use super::{
    Completer, Completes, CompletesWith, Component, Description, Icon, IntoPrompt, Prepared, PromptOutput, refusal,
    schema_of, texts,
};
use crate::context::{Context, ToolError};
use crate::task::RpcError;

type Prepare = dyn Fn(&Value) -> Result<Prepared<PromptOutput>, ToolError> + Send + Sync;

/// An argument of a prompt: MCP knows texts only, which the handler's own types are read out of.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PromptArgument {
    /// Its name.
    pub name: String,
    /// For people.
    pub title: Option<String>,
    /// For the model.
    pub description: Option<String>,
    /// Whether there is no prompt without it.
    pub required: bool,
}

/// Messages that people ask for by name, for instance to begin a conversation with.
///
/// ```
/// use fastestmcp_core::component::{Prompt, PromptMessage};
/// use fastestmcp_core::context::Context;
/// use schemars::JsonSchema;
/// use serde::Deserialize;
///
/// #[derive(Deserialize, JsonSchema)]
/// struct Review {
///     /// What to review.
///     code: String,
///     stars: Option<u8>,
/// }
/// let prompt = Prompt::new("review", async |_cx: Context, review: Review| {
///     Ok(PromptMessage::user(format!("Review:\n{}", review.code)))
/// });
/// let [code, stars] = prompt.arguments() else { panic!() };
/// assert!(code.required && code.description.as_deref() == Some("What to review.") && !stars.required);
/// ```
#[derive(Clone)]
pub struct Prompt {
    pub(super) description: Description,
    pub(super) schema: Map<String, Value>,
    arguments: Vec<PromptArgument>,
    pub(super) completers: Vec<Arc<Completer>>,
    prepare: Arc<Prepare>,
}

impl fmt::Debug for Prompt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Prompt").field("name", &self.description.name).finish_non_exhaustive()
    }
}

described!(Prompt, "Prompt::new(\"hello\", async |_cx, (): ()| Ok(\"Say hello.\"))");

impl Prompt {
    /// A prompt from an async function or a closure without captures. Its arguments are the fields of what the handler
    /// takes: structs, maps or nothing.
    pub fn new<A, O, F, Fut>(name: impl Into<String>, handler: F) -> Self
    where
        A: DeserializeOwned + JsonSchema + Send + 'static,
        O: IntoPrompt,
        F: Fn(Context, A) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<O, ToolError>> + Send + 'static,
    {
        let handler = Arc::new(handler);
        let prepare = move |arguments: &Value| {
            let arguments: A = texts::decode(arguments).map_err(|reason| refusal::undecodable(&reason))?;
            let handler = handler.clone();
            let run = move |cx| handler(cx, arguments).map(|result| result.and_then(IntoPrompt::into_prompt)).boxed();
            Ok(Box::new(run) as Prepared<PromptOutput>)
        };
        let schema = schema_of::<A>();
        Self {
            description: Description::named(name),
            arguments: arguments(&schema),
            schema,
            completers: Vec::new(),
            prepare: Arc::new(prepare),
        }
    }

    /// A prompt that shares `state` with all its uses.
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use fastestmcp_core::component::Prompt;
    /// use fastestmcp_core::context::Context;
    ///
    /// let rules = Arc::new("Be brief.".to_owned());
    /// let prompt = Prompt::with_state("rules", rules, async |rules: Arc<String>, _cx: Context, (): ()| {
    ///     Ok(rules.to_string())
    /// });
    /// ```
    pub fn with_state<S, A, O, F, Fut>(name: impl Into<String>, state: S, handler: F) -> Self
    where
        S: Clone + Send + Sync + 'static,
        A: DeserializeOwned + JsonSchema + Send + 'static,
        O: IntoPrompt,
        F: Fn(S, Context, A) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<O, ToolError>> + Send + 'static,
    {
        Self::new(name, move |cx, arguments| handler(state.clone(), cx, arguments))
    }

    /// Completes what is typed of an argument. An argument that it does not have is refused when the server is built.
    ///
    /// ```
    /// use fastestmcp_core::component::Prompt;
    /// use fastestmcp_core::context::Context;
    /// use schemars::JsonSchema;
    /// use serde::Deserialize;
    ///
    /// #[derive(Deserialize, JsonSchema)]
    /// struct Trip {
    ///     city: String,
    /// }
    /// let prompt = Prompt::new("trip", async |_cx: Context, trip: Trip| Ok(format!("Plan a trip to {}.", trip.city)))
    ///     .complete("city", async |_cx: Context, typed: &str| {
    ///         Ok(["Paris", "Parma"].into_iter().filter(|city| city.starts_with(typed)).collect::<Vec<_>>())
    ///     });
    /// assert!(prompt.completes("city"));
    /// ```
    #[must_use]
    pub fn complete<F>(mut self, argument: impl Into<String>, complete: F) -> Self
    where
        F: for<'a> Completes<'a>,
    {
        self.completers.push(Arc::new(Completer::new(argument.into(), complete)));
        self
    }

    /// The same by a function that shares `state` with all its calls.
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use fastestmcp_core::component::Prompt;
    /// use fastestmcp_core::context::Context;
    /// use std::collections::BTreeMap;
    ///
    /// let cities = Arc::new(vec!["Paris", "Parma"]);
    /// let prompt = Prompt::new("trip", async |_cx: Context, trip: BTreeMap<String, String>| Ok(format!("{trip:?}")))
    ///     .complete_with("city", cities, async |cities: Arc<Vec<&'static str>>, _cx: Context, typed: &str| {
    ///         Ok(cities.iter().copied().filter(|city| city.starts_with(typed)).collect::<Vec<_>>())
    ///     });
    /// assert!(prompt.completes("city"));
    /// ```
    #[must_use]
    pub fn complete_with<S, F>(mut self, argument: impl Into<String>, state: S, complete: F) -> Self
    where
        S: Clone + Send + Sync + 'static,
        F: for<'a> CompletesWith<'a, S>,
    {
        self.completers.push(Arc::new(Completer::with_state(argument.into(), state, complete)));
        self
    }

    /// The name clients get it by.
    pub fn name(&self) -> &str {
        &self.description.name
    }

    /// Its arguments, those first that it needs.
    pub fn arguments(&self) -> &[PromptArgument] {
        &self.arguments
    }

    /// Whether anything of it can be completed.
    pub fn has_completions(&self) -> bool {
        !self.completers.is_empty()
    }

    /// Whether an argument can be completed.
    pub fn completes(&self, argument: &str) -> bool {
        self.completer(argument).is_some()
    }

    pub(crate) fn completer(&self, argument: &str) -> Option<&Arc<Completer>> {
        self.completers.iter().find(|completer| completer.argument() == argument)
    }

    /// Whether it takes an argument, as far as is known: a map takes any.
    pub(crate) fn takes(&self, argument: &str) -> bool {
        let any = self.schema.get("additionalProperties").is_some_and(|others| *others != Value::Bool(false));
        any || self.arguments.iter().any(|known| known.name == argument)
    }
}

/// The arguments that a schema describes: the required ones as they are declared, then the others.
fn arguments(schema: &Map<String, Value>) -> Vec<PromptArgument> {
    let Some(Value::Object(properties)) = schema.get("properties") else { return Vec::new() };
    let required: Vec<_> =
        schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    let others = properties.keys().map(String::as_str).filter(|name| !required.contains(name));
    let argument = |name: &str| {
        let text = |word| properties.get(name)?.get(word)?.as_str().map(str::to_owned);
        PromptArgument {
            name: name.to_owned(),
            title: text("title"),
            description: text("description"),
            required: required.contains(&name),
        }
    };
    required.iter().copied().chain(others).map(argument).collect()
}

impl Component for Prompt {
    type Output = PromptOutput;

    fn description(&self) -> &Description {
        &self.description
    }

    fn prepare(&self, arguments: &Value) -> Result<Prepared<PromptOutput>, ToolError> {
        (self.prepare)(arguments)
    }

    fn told(text: String) -> Result<PromptOutput, RpcError> {
        Err(refusal::failed(text))
    }
}
