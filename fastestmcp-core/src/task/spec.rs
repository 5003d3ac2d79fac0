use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::json;
use crate::principal::AuthContext;
use crate::record::{self, Unreadable, Versioned};

const FORMAT: u8 = 1;

/// What the client said it can do for the server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ClientAbilities {
    /// It shows forms: `elicitation/create`.
    pub elicitation: bool,
    /// It sends its user to a URL: `elicitation/create` with `mode` `url`.
    pub url_elicitation: bool,
    /// It samples from a model: `sampling/createMessage`.
    pub sampling: bool,
    /// It names its roots: `roots/list`.
    pub roots: bool,
}

/// Which stored values a call acts on by default (contract C1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DefaultScope {
    /// Those of a session, named by the digest of its id.
    Session(String),
    /// Those of the principal.
    Principal,
    /// None: an anonymous caller of a stateless request.
    None,
}

/// Whether a handler may run again (contract T6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rerun {
    /// Its task is delivered again when its worker is lost.
    Always {
        /// Starts at most; then the task is a dead letter.
        max_attempts: u32,
    },
    /// It is started at most once; a lost worker ends the task `failed`.
    Never,
}

/// What happens when the client does not answer in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnInputTimeout {
    /// The handler sees that the user declined. (A sampling or roots request cannot be declined and fails.)
    Decline,
    /// The task fails.
    Fail,
}

/// The rules a task runs under, fixed when it was submitted. Times are in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunPolicy {
    /// Whether the handler may run again.
    pub rerun: Rerun,
    /// How long one run may take, waiting for input not counted.
    pub run_timeout_ms: u64,
    /// How long the client may take to answer.
    pub input_timeout_ms: u64,
    /// What happens then.
    pub on_input_timeout: OnInputTimeout,
    /// How long the outcome stays readable at least.
    pub retain_ms: u64,
}

impl Default for RunPolicy {
    /// One that never reruns.
    fn default() -> Self {
        Self {
            rerun: Rerun::Never,
            run_timeout_ms: 3_600_000,
            input_timeout_ms: 3_600_000,
            on_input_timeout: OnInputTimeout::Decline,
            retain_ms: 3_600_000,
        }
    }
}

impl RunPolicy {
    /// How long the outcome stays readable at least.
    pub const fn retain(&self) -> Duration {
        Duration::from_millis(self.retain_ms)
    }
}

/// The kind of component that a task runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum TaskKind {
    /// A tool.
    Tool,
    /// One that this release does not know: the task is for others (contract G15).
    #[serde(other)]
    Unknown,
}

/// What a task is to do: written once, when it is submitted, and read only by whoever runs it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TaskSpec {
    pub(crate) format: u8,
    /// What it runs.
    pub kind: TaskKind,
    /// The name of that.
    pub name: String,
    /// Its arguments.
    pub arguments: Arc<Value>,
    /// Who asked.
    pub auth: AuthContext,
    /// The values it acts on.
    pub scope: DefaultScope,
    /// What the client can do.
    #[serde(default)]
    pub abilities: ClientAbilities,
    /// `_meta` of the request.
    #[serde(default)]
    pub meta: Arc<Map<String, Value>>,
    /// The trace that the request belonged to, as W3C's `traceparent` has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace: Option<String>,
}

impl Versioned for TaskSpec {
    const FORMAT: u8 = FORMAT;

    fn format(&self) -> u8 {
        self.format
    }
}

impl TaskSpec {
    /// The spec of a tool's task in the current format.
    pub fn new(tool: impl Into<String>, arguments: Arc<Value>, auth: AuthContext, scope: DefaultScope) -> Self {
        Self {
            format: FORMAT,
            kind: TaskKind::Tool,
            name: tool.into(),
            arguments,
            auth,
            scope,
            abilities: ClientAbilities::default(),
            meta: Arc::default(),
            trace: None,
        }
    }

    /// As stored.
    ///
    /// # Errors
    /// It does not serialize, which only a value of the author can cause.
    pub fn encode(&self) -> Result<Bytes, serde_json::Error> {
        json::record_to_vec(self).map(Bytes::from)
    }

    /// From storage.
    ///
    /// # Errors
    /// It is not a spec, or of a newer format.
    pub fn decode(bytes: &[u8]) -> Result<Self, Unreadable> {
        record::decode(bytes)
    }
}
