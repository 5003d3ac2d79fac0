mod invalid;
mod matching;
mod parse;

pub use invalid::InvalidTemplate;
pub(super) use parse::{has_scheme, no_uri_has};

use std::fmt;
use std::sync::Arc;

use futures_util::FutureExt;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::description::{annotated, described};
use super::{
    Caching, Completer, Completes, CompletesWith, Component, Description, Icon, IntoContents, Prepared,
    ResourceContents, Role, refusal, schema_of, texts,
};
use crate::context::{Context, ToolError};
use crate::task::RpcError;
use matching::UriTemplate;

/// What a template is read with: the URI, and the values of its variables.
const URI: &str = "uri";
const VALUES: &str = "values";

type Prepare =
    dyn Fn(String, Option<String>, &Value) -> Result<Prepared<Vec<ResourceContents>>, ToolError> + Send + Sync;

/// Resources whose URIs differ in some parts: a template of [RFC 6570](https://www.rfc-editor.org/rfc/rfc6570), up to its
/// level 3 (`{id}`, `{+path}`, `{#part}`, `{.type}`, `{/part}`, `{;key}`, `{?page,size}`, `{&page}`).
///
/// The parts decode into what the handler takes, as fields of a struct. They are what the client means, without the escapes
/// of URIs: `{file}` may be `../../etc`, if somebody asks for `..%2F..%2Fetc`.
///
/// ```
/// use fastestmcp_core::component::{Json, ResourceTemplate};
/// use fastestmcp_core::context::Context;
/// use schemars::JsonSchema;
/// use serde::Deserialize;
///
/// #[derive(Deserialize, JsonSchema)]
/// struct UserPath {
///     id: u64,
/// }
/// let users = ResourceTemplate::new("shop://users/{id}", async |_cx: Context, user: UserPath| {
///     Ok((user.id < 100).then(|| Json(format!("user {}", user.id)))) // `None`: there is no such resource
/// });
/// assert_eq!(users.uri_template(), "shop://users/{id}");
/// ```
#[derive(Clone)]
pub struct ResourceTemplate {
    pub(super) description: Description,
    text: String,
    /// What is wrong with it is said when the server is built.
    parsed: Arc<Result<UriTemplate, InvalidTemplate>>,
    mime_type: Option<String>,
    caching: Caching,
    pub(super) completers: Vec<Arc<Completer>>,
    prepare: Arc<Prepare>,
}

impl fmt::Debug for ResourceTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResourceTemplate").field("uri_template", &self.text).finish_non_exhaustive()
    }
}

described!(ResourceTemplate, "ResourceTemplate::new(\"shop://{page}\", async |_cx, (): ()| Ok(\"a page\"))");
annotated!(ResourceTemplate, "ResourceTemplate::new(\"shop://{page}\", async |_cx, (): ()| Ok(\"a page\"))");

impl ResourceTemplate {
    /// A template from an async function or a closure without captures. What is no template is refused when the server is
    /// built. Where several fit a URI, the one that was added first is read, and a resource before any.
    pub fn new<P, O, F, Fut>(uri_template: impl Into<String>, handler: F) -> Self
    where
        P: DeserializeOwned + JsonSchema + Send + 'static,
        O: IntoContents,
        F: Fn(Context, P) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<O, ToolError>> + Send + 'static,
    {
        let (text, handler) = (uri_template.into(), Arc::new(handler));
        let prepare = move |uri: String, mime_type: Option<String>, values: &Value| {
            let parts: P = texts::decode(values).map_err(|reason| refusal::undecodable(&reason))?;
            let handler = handler.clone();
            let read = move |cx| {
                let contents = move |output: O| output.into_contents(&uri, mime_type.as_deref());
                handler(cx, parts).map(|result| result.and_then(contents)).boxed()
            };
            Ok(Box::new(read) as Prepared<Vec<ResourceContents>>)
        };
        Self {
            description: Description::named(text.clone()),
            parsed: Arc::new(UriTemplate::parse(&text).and_then(|parsed| gives_all(parsed, &schema_of::<P>()))),
            text,
            mime_type: O::mime_type().map(str::to_owned),
            caching: Caching::default(),
            completers: Vec::new(),
            prepare: Arc::new(prepare),
        }
    }

    /// A template that shares `state` with all reads of it.
    ///
    /// ```
    /// use std::collections::HashMap;
    /// use std::sync::Arc;
    ///
    /// use fastestmcp_core::component::ResourceTemplate;
    /// use fastestmcp_core::context::Context;
    /// use schemars::JsonSchema;
    /// use serde::Deserialize;
    ///
    /// #[derive(Deserialize, JsonSchema)]
    /// struct Page {
    ///     name: String,
    /// }
    /// type Pages = Arc<HashMap<String, String>>;
    ///
    /// let pages = Pages::default();
    /// let template = ResourceTemplate::with_state("docs://{name}", pages, async |pages: Pages, _cx: Context, page: Page| {
    ///     Ok(pages.get(&page.name).cloned())
    /// });
    /// ```
    pub fn with_state<S, P, O, F, Fut>(uri_template: impl Into<String>, state: S, handler: F) -> Self
    where
        S: Clone + Send + Sync + 'static,
        P: DeserializeOwned + JsonSchema + Send + 'static,
        O: IntoContents,
        F: Fn(S, Context, P) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<O, ToolError>> + Send + 'static,
    {
        Self::new(uri_template, move |cx, parts| handler(state.clone(), cx, parts))
    }

    /// Completes what is typed of a variable. One that the template does not have is refused when the server is built.
    ///
    /// ```
    /// use fastestmcp_core::component::ResourceTemplate;
    /// use fastestmcp_core::context::Context;
    ///
    /// let template = ResourceTemplate::new("shop://{page}", async |_cx: Context, (): ()| Ok("a page"))
    ///     .complete("page", async |_cx: Context, typed: &str| Ok([format!("{typed}-1"), format!("{typed}-2")]));
    /// assert!(template.completes("page"));
    /// ```
    #[must_use]
    pub fn complete<F>(mut self, variable: impl Into<String>, complete: F) -> Self
    where
        F: for<'a> Completes<'a>,
    {
        self.completers.push(Arc::new(Completer::new(variable.into(), complete)));
        self
    }

    /// The same by a function that shares `state` with all its calls.
    ///
    /// ```
    /// use fastestmcp_core::component::ResourceTemplate;
    /// use fastestmcp_core::context::Context;
    ///
    /// let template = ResourceTemplate::new("shop://{page}", async |_cx: Context, (): ()| Ok("a page"))
    ///     .complete_with("page", 7, async |last: u32, _cx: Context, typed: &str| {
    ///         Ok((1..=last).map(|page| page.to_string()).filter(|page| page.starts_with(typed)).collect::<Vec<_>>())
    ///     });
    /// assert!(template.completes("page"));
    /// ```
    #[must_use]
    pub fn complete_with<S, F>(mut self, variable: impl Into<String>, state: S, complete: F) -> Self
    where
        S: Clone + Send + Sync + 'static,
        F: for<'a> CompletesWith<'a, S>,
    {
        self.completers.push(Arc::new(Completer::with_state(variable.into(), state, complete)));
        self
    }

    /// The template.
    pub fn uri_template(&self) -> &str {
        &self.text
    }

    /// Whether anything of it can be completed.
    pub fn has_completions(&self) -> bool {
        !self.completers.is_empty()
    }

    /// Whether a variable can be completed.
    pub fn completes(&self, variable: &str) -> bool {
        self.completer(variable).is_some()
    }

    pub(crate) fn completer(&self, variable: &str) -> Option<&Arc<Completer>> {
        self.completers.iter().find(|completer| completer.argument() == variable)
    }

    /// Whether it has a variable.
    pub(crate) fn takes(&self, variable: &str) -> bool {
        self.parsed().is_ok_and(|parsed| parsed.variables().iter().any(|known| known == variable))
    }

    /// What it is read with for a URI, if that is one of its own.
    pub(crate) fn arguments_of(&self, uri: &str) -> Option<Value> {
        let values = self.parsed().ok()?.values(uri)?;
        Some(json!({ URI: uri, VALUES: values }))
    }

    /// What is wrong with it.
    pub(super) fn fault(&self) -> Option<&InvalidTemplate> {
        self.parsed().err()
    }

    fn parsed(&self) -> Result<&UriTemplate, &InvalidTemplate> {
        (*self.parsed).as_ref()
    }
}

/// The template, if it has all that a handler cannot do without.
fn gives_all(parsed: UriTemplate, schema: &Map<String, Value>) -> Result<UriTemplate, InvalidTemplate> {
    let mut needed = schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    match needed.find(|needed| !parsed.variables().iter().any(|known| known == needed)) {
        Some(missing) => Err(InvalidTemplate::Missing(missing.to_owned())),
        None => Ok(parsed),
    }
}

impl Component for ResourceTemplate {
    type Output = Vec<ResourceContents>;

    fn description(&self) -> &Description {
        &self.description
    }

    fn id(&self) -> &str {
        &self.text
    }

    fn prepare(&self, arguments: &Value) -> Result<Prepared<Self::Output>, ToolError> {
        let uri = arguments.get(URI).and_then(Value::as_str).unwrap_or_default().to_owned();
        (self.prepare)(uri, self.mime_type.clone(), arguments.get(VALUES).unwrap_or(&Value::Null))
    }

    fn told(text: String) -> Result<Self::Output, RpcError> {
        Err(refusal::failed(text))
    }
}
