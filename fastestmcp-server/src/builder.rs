use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use fastestmcp_core::Stores;
use fastestmcp_core::event::EventLog;
use fastestmcp_core::principal::Principal;
use fastestmcp_core::runtime::RuntimeConfig;
use fastestmcp_core::session::SessionStateStore;
use fastestmcp_core::task::TaskBackend;
use fastestmcp_core::tool::Tool;

use crate::config::HttpConfig;
use crate::error::ServerError;
use crate::server::Server;

/// Collects what a [`Server`] is made of.
pub struct ServerBuilder {
    name: String,
    version: String,
    instructions: Option<String>,
    tools: Vec<Tool>,
    sessions: Option<Arc<dyn SessionStateStore>>,
    tasks: Option<Arc<dyn TaskBackend>>,
    events: Option<Arc<dyn EventLog>>,
    store_name: Option<String>,
    runtime: RuntimeConfig,
    http: HttpConfig,
    principal: Principal,
}

impl std::fmt::Debug for ServerBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ServerBuilder").field("name", &self.name).field("tools", &self.tools).finish_non_exhaustive()
    }
}

impl ServerBuilder {
    pub(crate) fn new(name: String) -> Self {
        Self {
            name,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            instructions: None,
            tools: Vec::new(),
            sessions: None,
            tasks: None,
            events: None,
            store_name: None,
            runtime: RuntimeConfig::default(),
            http: HttpConfig::default(),
            principal: Principal::of_this_process(),
        }
    }

    /// The version clients are told.
    #[must_use]
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.version = version.into();
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

    /// Where all state lives.
    #[must_use]
    pub fn stores(mut self, stores: Stores) -> Self {
        self.sessions = Some(stores.sessions);
        self.tasks = Some(stores.tasks);
        self.events = Some(stores.events);
        self.store_name = stores.name;
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

    /// How the runtime behaves.
    #[must_use]
    pub fn runtime(mut self, config: RuntimeConfig) -> Self {
        self.runtime = config;
        self
    }

    /// How long a worker's claim on a task lasts unless it is renewed: how soon another takes over after a crash.
    #[must_use]
    pub const fn lease(mut self, lease: Duration) -> Self {
        self.runtime.lease = lease;
        self
    }

    /// How the server speaks HTTP.
    #[must_use]
    pub fn http(mut self, config: HttpConfig) -> Self {
        self.http = config;
        self
    }

    /// Who calls over stdio; the operating system's user by default, so that tasks survive restarts.
    #[must_use]
    pub fn principal(mut self, principal: Principal) -> Self {
        self.principal = principal;
        self
    }

    /// The server. Stores are not touched before it serves.
    ///
    /// # Errors
    /// A seam without a store, two tools of one name, a schema that describes no object, a path without a slash or
    /// with parameters.
    pub fn build(self) -> Result<Server, ServerError> {
        check(&self.tools)?;
        // What follows these would be parameters to the router, which panics if they are not in order.
        let path = &self.http.path;
        if !path.starts_with('/') || ["{", "}", "/:", "/*"].iter().any(|parameter| path.contains(parameter)) {
            return Err(ServerError::BadPath(self.http.path));
        }
        let mut stores = Stores::new(
            self.sessions.ok_or(ServerError::NoStore("session state store"))?,
            self.tasks.ok_or(ServerError::NoStore("task backend"))?,
            self.events.ok_or(ServerError::NoStore("event log"))?,
        );
        stores.name = self.store_name;
        Ok(Server {
            name: self.name,
            version: self.version,
            instructions: self.instructions,
            tools: self.tools,
            stores,
            runtime: self.runtime,
            http: self.http,
            principal: self.principal,
        })
    }
}

fn check(tools: &[Tool]) -> Result<(), ServerError> {
    let mut names = HashSet::new();
    for tool in tools {
        if !names.insert(tool.name()) {
            return Err(ServerError::DuplicateTool(tool.name().to_owned()));
        }
        if tool.schema().get("type").and_then(|kind| kind.as_str()) != Some("object") {
            return Err(ServerError::BadSchema(tool.name().to_owned()));
        }
    }
    Ok(())
}
