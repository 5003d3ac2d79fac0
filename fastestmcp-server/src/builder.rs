use std::sync::Arc;
use std::time::Duration;

use fastestmcp_core::Stores;
use fastestmcp_core::component::{AnyResource, Prompt, Tool};
use fastestmcp_core::event::EventLog;
use fastestmcp_core::limits::{check_line, check_text};
use fastestmcp_core::operation::Middleware;
use fastestmcp_core::principal::Principal;
use fastestmcp_core::runtime::{Runtime, RuntimeBuilder, RuntimeConfig};
use fastestmcp_core::session::SessionStateStore;
use fastestmcp_core::task::TaskBackend;
use fastestmcp_core::visibility::{Selector, VisibilityRules};
use rmcp::model::Implementation;

use crate::auth::{Anonymous, Authenticator};
use crate::config::HttpConfig;
use crate::error::ServerError;
use crate::server::Server;

/// Bytes of a name, title, version or address at most.
const LONGEST_LINE: usize = 512;
/// Bytes of instructions at most: models read all of them.
const LONGEST_INSTRUCTIONS: usize = 64 << 10;

/// Collects what a [`Server`] is made of, in any order.
///
/// ```
/// use std::time::Duration;
///
/// use fastestmcp_core::context::Context;
/// use fastestmcp_core::runtime::RuntimeConfig;
/// use fastestmcp_core::component::{NoArgs, Tool};
/// use fastestmcp_server::{Server, ServerError};
///
/// let built = Server::builder("shop")
///     .title("The shop")
///     .version(env!("CARGO_PKG_VERSION"))
///     .instructions("Look for a product before you order it.")
///     .tools(["search", "order"].map(|name| Tool::new(name, async |_: Context, _: NoArgs| Ok("done"))))
///     .runtime(RuntimeConfig::default().lease(Duration::from_secs(10)))
///     .build();
/// // It has no stores yet: `fastestmcp::connect` opens them from a URL.
/// assert!(matches!(built, Err(ServerError::NoStore(_))));
/// ```
pub struct ServerBuilder {
    info: Implementation,
    instructions: Option<String>,
    tools: Vec<Tool>,
    resources: Vec<AnyResource>,
    prompts: Vec<Prompt>,
    stores: Option<Stores>,
    sessions: Option<Arc<dyn SessionStateStore>>,
    tasks: Option<Arc<dyn TaskBackend>>,
    events: Option<Arc<dyn EventLog>>,
    runtime: RuntimeConfig,
    lease: Option<Duration>,
    http: HttpConfig,
    principal: Principal,
    authenticator: Arc<dyn Authenticator>,
    middleware: Vec<Arc<dyn Middleware>>,
    visibility: VisibilityRules,
}

impl std::fmt::Debug for ServerBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ServerBuilder")
            .field("name", &self.info.name)
            .field("tools", &self.tools)
            .finish_non_exhaustive()
    }
}

impl Server {
    /// Begins a server that clients see under `name`.
    pub fn builder(name: impl Into<String>) -> ServerBuilder {
        ServerBuilder::new(name.into())
    }
}

impl ServerBuilder {
    pub(crate) fn new(name: String) -> Self {
        Self {
            info: Implementation::new(name, env!("CARGO_PKG_VERSION")),
            instructions: None,
            tools: Vec::new(),
            resources: Vec::new(),
            prompts: Vec::new(),
            stores: None,
            sessions: None,
            tasks: None,
            events: None,
            runtime: RuntimeConfig::default(),
            lease: None,
            http: HttpConfig::default(),
            principal: Principal::of_this_process(),
            authenticator: Arc::new(Anonymous),
            middleware: Vec::new(),
            visibility: VisibilityRules::default(),
        }
    }

    /// What people see the server as; its name unless told otherwise.
    #[must_use]
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.info.title = Some(title.into());
        self
    }

    /// The version clients are told: usually `env!("CARGO_PKG_VERSION")` of your own crate. That of this library unless
    /// told otherwise.
    #[must_use]
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.info.version = version.into();
        self
    }

    /// Where people read about the server.
    #[must_use]
    pub fn website(mut self, url: impl Into<String>) -> Self {
        self.info.website_url = Some(url.into());
        self
    }

    /// What the model should know about using this server.
    #[must_use]
    pub fn instructions(mut self, instructions: impl Into<String>) -> Self {
        self.instructions = Some(instructions.into());
        self
    }

    /// Adds a tool; clients see tools in the order they were added.
    #[must_use]
    pub fn tool(mut self, tool: Tool) -> Self {
        self.tools.push(tool);
        self
    }

    /// Adds several tools.
    #[must_use]
    pub fn tools(mut self, tools: impl IntoIterator<Item = Tool>) -> Self {
        self.tools.extend(tools);
        self
    }

    /// Adds a [`Resource`](fastestmcp_core::component::Resource) or a
    /// [`ResourceTemplate`](fastestmcp_core::component::ResourceTemplate); clients see them in the order they were added.
    ///
    /// ```
    /// use std::collections::BTreeMap;
    ///
    /// use fastestmcp_core::component::{Json, Resource, ResourceTemplate};
    /// use fastestmcp_core::context::Context;
    /// use fastestmcp_server::Server;
    ///
    /// type Parts = BTreeMap<String, String>;
    ///
    /// let builder = Server::builder("shop")
    ///     .resource(Resource::new("shop://hours", async |_cx: Context| Ok("9 to 5")))
    ///     .resource(ResourceTemplate::new("shop://{a}/{b}", async |_cx: Context, parts: Parts| Ok(Json(parts))));
    /// ```
    #[must_use]
    pub fn resource(mut self, resource: impl Into<AnyResource>) -> Self {
        self.resources.push(resource.into());
        self
    }

    /// Adds a prompt; clients see prompts in the order they were added.
    ///
    /// ```
    /// use fastestmcp_core::component::Prompt;
    /// use fastestmcp_core::context::Context;
    /// use fastestmcp_server::Server;
    ///
    /// let builder = Server::builder("shop")
    ///     .prompt(Prompt::new("greet", async |_cx: Context, (): ()| Ok("Greet the customer.")));
    /// ```
    #[must_use]
    pub fn prompt(mut self, prompt: Prompt) -> Self {
        self.prompts.push(prompt);
        self
    }

    /// Hides components from everybody, whatever else was said: a text stands for a tag. Of [`ServerBuilder::hide`] and
    /// [`ServerBuilder::show`] the last one that fits a component decides.
    ///
    /// ```
    /// use fastestmcp_core::component::{NoArgs, Tool};
    /// use fastestmcp_core::context::Context;
    /// use fastestmcp_core::visibility::Selector;
    /// use fastestmcp_server::Server;
    ///
    /// let builder = Server::builder("shop")
    ///     .tool(Tool::new("reindex", async |_cx: Context, _: NoArgs| Ok("done")).tags(["maintenance"]))
    ///     .tool(Tool::new("status", async |_cx: Context, _: NoArgs| Ok("fine")).tags(["maintenance"]))
    ///     .hide("maintenance")
    ///     .show(Selector::name("status"));
    /// ```
    #[must_use]
    pub fn hide(mut self, which: impl Into<Selector>) -> Self {
        self.visibility = self.visibility.hide(which);
        self
    }

    /// Shows components to everybody, those included that are [hidden](fastestmcp_core::component::Tool::hidden) from the
    /// start, and whatever a handler [hides](fastestmcp_core::context::Context::hide).
    ///
    /// ```
    /// use fastestmcp_server::Server;
    ///
    /// let builder = Server::builder("shop").show("beta");
    /// ```
    #[must_use]
    pub fn show(mut self, which: impl Into<Selector>) -> Self {
        self.visibility = self.visibility.show(which);
        self
    }

    /// Where all state lives, but for seams that are given by themselves.
    #[must_use]
    pub fn stores(mut self, stores: Stores) -> Self {
        self.stores = Some(stores);
        self
    }

    /// Where sessions and values live.
    #[must_use]
    pub fn session_state_store(mut self, store: impl SessionStateStore) -> Self {
        self.sessions = Some(Arc::new(store));
        self
    }

    /// Where tasks live.
    #[must_use]
    pub fn task_backend(mut self, backend: impl TaskBackend) -> Self {
        self.tasks = Some(Arc::new(backend));
        self
    }

    /// Where events go.
    #[must_use]
    pub fn event_log(mut self, log: impl EventLog) -> Self {
        self.events = Some(Arc::new(log));
        self
    }

    /// How the runtime behaves, but for what is given by itself.
    #[must_use]
    pub fn runtime(mut self, config: RuntimeConfig) -> Self {
        self.runtime = config;
        self
    }

    /// How long a worker's claim on a task lasts unless it is renewed: how soon another takes over after a crash.
    #[must_use]
    pub const fn lease(mut self, lease: Duration) -> Self {
        self.lease = Some(lease);
        self
    }

    /// How the server speaks HTTP.
    #[must_use]
    pub fn http(mut self, config: HttpConfig) -> Self {
        self.http = config;
        self
    }

    /// Where a balancer or an orchestrator asks whether the server is ready: as [`HttpConfig::health`], and whatever is given to
    /// [`ServerBuilder::http`] later replaces it.
    ///
    /// ```
    /// use fastestmcp_server::Server;
    ///
    /// let builder = Server::builder("shop").health("/healthz");
    /// ```
    #[must_use]
    pub fn health(mut self, path: impl Into<String>) -> Self {
        self.http = self.http.health(path);
        self
    }

    /// Who calls over stdio; the operating system's user by default, so that tasks survive restarts.
    #[must_use]
    pub fn principal(mut self, principal: Principal) -> Self {
        self.principal = principal;
        self
    }

    /// Who calls over HTTP; nobody is asked unless told otherwise.
    #[must_use]
    pub fn authenticate(mut self, authenticator: impl Authenticator) -> Self {
        self.authenticator = Arc::new(authenticator);
        self
    }

    /// Adds a middleware: every request of every client passes it, and every run of a task. In the order they are added.
    #[must_use]
    pub fn middleware(mut self, middleware: impl Middleware) -> Self {
        self.middleware.push(Arc::new(middleware));
        self
    }

    /// The server. Stores are not touched before it serves.
    ///
    /// # Errors
    /// A seam without a store, seams that do not fit each other, two components of one name or URI, a component or a text that
    /// cannot be shown to clients, a number or an HTTP configuration that makes no sense: nothing of it waits until it serves.
    pub fn build(self) -> Result<Server, ServerError> {
        check_line("the server's name", &self.info.name, LONGEST_LINE)?;
        check_line("the server's version", &self.info.version, LONGEST_LINE)?;
        for (what, text) in [("title", &self.info.title), ("website", &self.info.website_url)] {
            text.as_ref().map_or(Ok(()), |text| check_line(&format!("the server's {what}"), text, LONGEST_LINE))?;
        }
        check_text("the instructions", self.instructions.as_deref().unwrap_or_default(), LONGEST_INSTRUCTIONS)?;
        self.http.check()?;
        let all = self.stores.as_ref();
        let mut stores = Stores::new(
            self.sessions
                .or_else(|| all.map(|stores| stores.sessions.clone()))
                .ok_or(ServerError::NoStore("session state store"))?,
            self.tasks
                .or_else(|| all.map(|stores| stores.tasks.clone()))
                .ok_or(ServerError::NoStore("task backend"))?,
            self.events.or_else(|| all.map(|stores| stores.events.clone())).ok_or(ServerError::NoStore("event log"))?,
        );
        stores.name = self.stores.and_then(|stores| stores.name);
        let mut config = self.runtime;
        config.lease = self.lease.unwrap_or(config.lease);
        let runtime = Runtime::builder(stores).config(config).tools(self.tools);
        let runtime = runtime.resources(self.resources).prompts(self.prompts).visibility(self.visibility);
        let runtime = self.middleware.into_iter().fold(runtime, RuntimeBuilder::middleware);
        runtime.check()?;
        Ok(Server {
            info: self.info,
            instructions: self.instructions,
            runtime,
            http: self.http,
            principal: self.principal,
            authenticator: self.authenticator,
        })
    }
}
