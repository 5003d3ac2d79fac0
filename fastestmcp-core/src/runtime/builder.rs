use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use super::Runtime;
use super::check;
use super::config::RuntimeConfig;
use super::shared::{Parts, Shared};
use crate::Stores;
use crate::backend::{Backend, Durability, Guarantees, Reach};
use crate::error::{Sentence, StoreError};
use crate::ids::{self, RandomSourceFailed};
use crate::seal::KeyRing;
use crate::session::{SessionLimits, SessionRegistry};
use crate::tool::{InvalidTool, Tool};

/// Why a runtime was not made. `Debug` is a sentence too: it is what a `main` prints that returns the error.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// Two tools have one name.
    #[error("two tools are named {0:?}")]
    DuplicateTool(String),
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
#[derive(Debug)]
pub struct RuntimeBuilder {
    stores: Stores,
    config: RuntimeConfig,
    tools: Vec<Tool>,
}

impl RuntimeBuilder {
    pub(super) fn new(stores: Stores) -> Self {
        Self { stores, config: RuntimeConfig::default(), tools: Vec::new() }
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
        check::config(&self.config)?;
        let mut names = BTreeSet::new();
        for tool in &self.tools {
            tool.check()?;
            if !names.insert(tool.name()) {
                return Err(StartError::DuplicateTool(tool.name().to_owned()));
            }
            check::tool(tool)?;
        }
        let tasks = self.stores.tasks.guarantees().reach;
        let events = self.stores.events.guarantees().reach;
        if tasks > events {
            return Err(StartError::SeamsDoNotFit { tasks, events });
        }
        Ok(())
    }

    /// Opens the key ring and makes the runtime. It does no work of its own before [`Runtime::start`].
    ///
    /// # Errors
    /// Something does not fit, or the store failed.
    pub async fn build(self) -> Result<Runtime, StartError> {
        self.check()?;
        let Self { stores, config, tools } = self;
        let Guarantees { reach, durability, .. } = stores.tasks.guarantees();
        if reach > Reach::Process && durability == Durability::Volatile {
            // A shared store is expected to outlive more than this process.
            tracing::warn!(
                "the task store is volatile as it is set up: if its own process ends, acknowledged tasks are lost"
            );
        }
        let keys = KeyRing::open(&*stores.sessions).await?;
        let node = match &config.node {
            Some(node) => node.clone(),
            None => format!("node-{}", ids::digest(&[&ids::random_bytes::<16>()?]).get(..12).unwrap_or_default()),
        };
        let worker = format!("{node}/{}", ids::digest(&[&ids::random_bytes::<16>()?]).get(..12).unwrap_or_default());
        let limits = SessionLimits {
            max: config.max_sessions,
            idle: config.session_idle,
            longest: config.session_max,
            init: config.session_init,
        };
        let sessions = SessionRegistry::new(stores.sessions.clone(), limits);
        let shared = Shared::new(Parts { stores, config, node, worker, tools, keys, sessions });
        let now = shared.stores.tasks.ping().await?;
        shared.observe(now);
        Ok(Runtime { shared: Arc::new(shared) })
    }
}
