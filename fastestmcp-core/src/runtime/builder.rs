use std::fmt;
use std::sync::Arc;

use super::Runtime;
use super::node::{Node, Parts, RuntimeConfig, check_config, check_tool};
use crate::Stores;
use crate::backend::{Backend, Durability, Guarantees, Reach};
use crate::component::{
    AnyResource, Check, Component, Components, InvalidComponent, InvalidTool, Problem, Prompt, Registry, Tool,
};
use crate::error::{Sentence, StoreError};
use crate::ids::{self, RandomSourceFailed};
use crate::middleware::{Caps, Limits, Trace};
use crate::operation::Middleware;
use crate::seal::KeyRing;
use crate::session::{SessionLimits, SessionRegistry};
use crate::visibility::VisibilityRules;

/// Why a runtime was not made. `Debug` is a sentence too: it is what a `main` prints that returns the error.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// A component that cannot be shown to clients.
    #[error(transparent)]
    Component(#[from] InvalidComponent),
    /// A tool that cannot be shown to clients.
    #[error(transparent)]
    Tool(#[from] InvalidTool),
    /// A value of a tool is out of its range.
    #[error("the {what} of the tool {tool:?} {problem}")]
    InvalidToolValue {
        /// The tool.
        tool: String,
        /// Which value of it.
        what: &'static str,
        /// What is wrong with it.
        problem: String,
    },
    /// A value of the configuration is out of its range.
    #[error("the configuration's {what} {problem}")]
    InvalidConfig {
        /// Which value.
        what: &'static str,
        /// What is wrong with it.
        problem: String,
    },
    /// Tasks reach nodes that events do not: waiters there would not be woken.
    #[error("tasks reach {tasks:?} and events only {events:?}")]
    SeamsDoNotFit {
        /// Who can share the tasks.
        tasks: Reach,
        /// Who can share the events.
        events: Reach,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The operating system's random source failed.
    #[error(transparent)]
    Random(#[from] RandomSourceFailed),
}

impl fmt::Debug for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&Sentence(self), f)
    }
}

/// Makes a [`Runtime`].
pub struct RuntimeBuilder {
    stores: Stores,
    config: RuntimeConfig,
    tools: Vec<Tool>,
    resources: Vec<AnyResource>,
    prompts: Vec<Prompt>,
    middleware: Vec<Arc<dyn Middleware>>,
    rules: VisibilityRules,
}

impl fmt::Debug for RuntimeBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RuntimeBuilder").field("tools", &self.tools).finish_non_exhaustive()
    }
}

impl RuntimeBuilder {
    pub(super) fn new(stores: Stores) -> Self {
        Self {
            stores,
            config: RuntimeConfig::default(),
            tools: Vec::new(),
            resources: Vec::new(),
            prompts: Vec::new(),
            middleware: Vec::new(),
            rules: VisibilityRules::default(),
        }
    }

    /// Adds a tool.
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

    /// Adds resources and templates of resources.
    #[must_use]
    pub fn resources(mut self, resources: impl IntoIterator<Item = impl Into<AnyResource>>) -> Self {
        self.resources.extend(resources.into_iter().map(Into::into));
        self
    }

    /// Adds prompts.
    #[must_use]
    pub fn prompts(mut self, prompts: impl IntoIterator<Item = Prompt>) -> Self {
        self.prompts.extend(prompts);
        self
    }

    /// Adds a middleware, after those that were added before.
    #[must_use]
    pub fn middleware(mut self, middleware: Arc<dyn Middleware>) -> Self {
        self.middleware.push(middleware);
        self
    }

    /// What all are shown, whatever the rules of their sessions say.
    #[must_use]
    pub fn visibility(mut self, rules: VisibilityRules) -> Self {
        self.rules = rules;
        self
    }

    /// Replaces the configuration.
    #[must_use]
    pub fn config(mut self, config: RuntimeConfig) -> Self {
        self.config = config;
        self
    }

    /// Checks what does not need the store: names, schemas, seams.
    ///
    /// # Errors
    /// What does not fit.
    pub fn check(&self) -> Result<(), StartError> {
        self.components().map(drop)?;
        let tasks = self.stores.tasks.guarantees().reach;
        let events = self.stores.events.guarantees().reach;
        if tasks > events {
            return Err(StartError::SeamsDoNotFit { tasks, events });
        }
        Ok(())
    }

    fn components(&self) -> Result<Components, StartError> {
        check_config(&self.config).map_err(|(what, problem)| StartError::InvalidConfig { what, problem })?;
        for tool in &self.tools {
            tool.check()?;
            let invalid =
                |(what, problem)| StartError::InvalidToolValue { tool: tool.name().to_owned(), what, problem };
            check_tool(tool).map_err(invalid)?;
        }
        let (mut resources, mut templates) = (Vec::new(), Vec::new());
        for resource in self.resources.iter().cloned() {
            match resource {
                AnyResource::Resource(resource) => resources.push(resource),
                AnyResource::Template(template) => templates.push(template),
            }
        }
        Ok(Components {
            tools: registry(self.tools.clone())?,
            resources: registry(resources)?,
            templates: registry(templates)?,
            prompts: registry(self.prompts.clone())?,
        })
    }

    /// Opens the key ring and makes the runtime. It does no work of its own before [`Runtime::start`].
    ///
    /// # Errors
    /// Something does not fit, or the store failed.
    pub async fn build(self) -> Result<Runtime, StartError> {
        self.check()?;
        let components = Arc::new(self.components()?);
        let Self { stores, config, middleware, rules, .. } = self;
        let Guarantees { reach, durability, .. } = stores.tasks.guarantees();
        if reach > Reach::Process && durability == Durability::Volatile {
            // A shared store is expected to outlive more than this process.
            tracing::warn!(
                "the task store is volatile as it is set up: if its own process ends, acknowledged tasks are lost"
            );
        }
        let keys = KeyRing::open(&*stores.sessions).await?;
        let random = || Ok::<_, RandomSourceFailed>(ids::digest(&[&ids::random_bytes::<16>()?])[..12].to_owned());
        let name = match &config.node {
            Some(node) => node.clone(),
            None => format!("node-{}", random()?),
        };
        let worker = format!("{name}/{}", random()?);
        let limits = SessionLimits {
            max: config.max_sessions,
            idle: config.session_idle,
            longest: config.session_max,
            init: config.session_init,
        };
        let sessions = SessionRegistry::new(stores.sessions.clone(), limits);
        let middleware = built_in(&components, &config).into_iter().chain(middleware).collect();
        let node = Node::new(Parts { stores, config, name, worker, components, middleware, keys, sessions, rules });
        let now = node.stores.tasks.ping().await?;
        node.observe(now);
        Ok(Runtime::new(node))
    }
}

/// The components of a kind, if each of them can be shown to clients and no two are known by the same.
fn registry<C: Component + Check>(components: Vec<C>) -> Result<Registry<C>, InvalidComponent> {
    for component in &components {
        component.check().map_err(|problem| InvalidComponent::new(C::KIND, component.id(), problem))?;
    }
    Registry::new(components).map_err(|id| InvalidComponent::new(C::KIND, &id, Problem::Duplicate))
}

/// The middleware that every runtime has, outermost first.
fn built_in(components: &Arc<Components>, config: &RuntimeConfig) -> [Arc<dyn Middleware>; 2] {
    let limits = Limits::new(
        components.clone(),
        Caps { all: config.max_calls, per_owner: config.max_calls_per_owner },
        Caps { all: config.max_waiters, per_owner: config.max_waiters_per_owner },
        Caps { all: config.max_streams, per_owner: config.max_streams_per_owner },
    );
    [Arc::new(Trace), Arc::new(limits)]
}
