use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use super::Runtime;
use super::config::RuntimeConfig;
use super::shared::{Parts, Shared};
use crate::Stores;
use crate::backend::{Backend, Durability, Guarantees, Reach};
use crate::error::{Sentence, StoreError};
use crate::ids::{self, RandomSourceFailed};
use crate::seal::KeyRing;
use crate::session::{SessionLimits, SessionRegistry};
use crate::tool::Tool;

/// Why a runtime was not made. `Debug` is a sentence too: it is what a `main` prints that returns the error.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// Two tools have one name.
    #[error("two tools are named {0:?}")]
    DuplicateTool(String),
    /// A tool without a name.
    #[error("a tool has no name")]
    UnnamedTool,
    /// The input schema of a tool does not describe an object.
    #[error("the input schema of {0:?} is not that of an object")]
    SchemaIsNoObject(String),
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
        let mut names = BTreeSet::new();
        for tool in &self.tools {
            if tool.name().is_empty() {
                return Err(StartError::UnnamedTool);
            }
            if !names.insert(tool.name()) {
                return Err(StartError::DuplicateTool(tool.name().to_owned()));
            }
            if tool.schema().get("type").and_then(Value::as_str) != Some("object") {
                return Err(StartError::SchemaIsNoObject(tool.name().to_owned()));
            }
        }
        let Guarantees { reach: tasks, durability, .. } = self.stores.tasks.guarantees();
        if tasks > Reach::Process && durability == Durability::Volatile {
            // A shared store is expected to outlive more than this process.
            tracing::warn!(
                "the task store is volatile as it is set up: if its own process ends, acknowledged tasks are lost"
            );
        }
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
        let keys = KeyRing::open(&*stores.sessions).await?;
        let node = match &config.node {
            Some(node) => node.clone(),
            None => format!("node-{}", ids::digest(&[&ids::random_bytes::<16>()?]).get(..12).unwrap_or_default()),
        };
        let limits = SessionLimits {
            max: config.max_sessions,
            idle: config.session_idle,
            longest: config.session_max,
            init: config.session_init,
        };
        let sessions = SessionRegistry::new(stores.sessions.clone(), limits);
        let shared = Shared::new(Parts { stores, config, node, tools, keys, sessions });
        let now = shared.stores.tasks.ping().await?;
        shared.observe(now);
        Ok(Runtime { shared: Arc::new(shared) })
    }
}
