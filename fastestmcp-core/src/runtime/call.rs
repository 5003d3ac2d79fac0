use std::collections::BTreeMap;

use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;

use super::caller::Caller;
use super::task::TaskView;
use crate::task::InputRequest;
use crate::tool::ToolOutput;

/// A call of a tool.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ToolCall {
    /// The tool.
    pub tool: String,
    /// Its arguments.
    pub arguments: Map<String, Value>,
    /// Who calls.
    pub caller: Caller,
    /// `_meta` of the request.
    pub meta: Map<String, Value>,
    /// Cancelled when the client cancels or goes away (plain calls; a task is cancelled by its id).
    pub cancelled: CancellationToken,
    /// What the client brings back to a suspended call.
    pub resume: Option<Resume>,
    /// Whether the handler may go on as a task ([`Context::detach`](super::Context::detach)).
    pub may_detach: bool,
}

impl ToolCall {
    /// A call that nothing cancels and that resumes nothing.
    pub fn new(tool: impl Into<String>, arguments: Map<String, Value>, caller: Caller) -> Self {
        Self {
            tool: tool.into(),
            arguments,
            caller,
            meta: Map::new(),
            cancelled: CancellationToken::new(),
            resume: None,
            may_detach: false,
        }
    }
}

/// What a client brings back to a suspended call.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Resume {
    /// The state it was given, unaltered.
    pub state: Option<String>,
    /// Its answers by key.
    pub answers: BTreeMap<String, Value>,
}

/// How a plain call ended.
#[derive(Clone, Debug, PartialEq)]
pub enum CallOutcome {
    /// With a result.
    Complete(ToolOutput),
    /// The client must answer these and call again with `state`.
    InputRequired {
        /// What it must answer, by key.
        requests: BTreeMap<String, InputRequest>,
        /// What it must bring back, sealed.
        state: String,
    },
    /// It goes on as this task. Only where it [may](ToolCall::may_detach).
    Detached(Box<TaskView>),
}

impl ToolCall {
    /// The arguments as bytes that do not depend on the order of keys.
    pub(crate) fn canonical_arguments(&self) -> Result<Vec<u8>, serde_json::Error> {
        serde_json::to_vec(&sorted(&Value::Object(self.arguments.clone())))
    }
}

/// The same value with all keys in order, also where a build keeps the order of insertion.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let ordered: BTreeMap<_, _> = map.iter().map(|(key, value)| (key.clone(), sorted(value))).collect();
            Value::Object(ordered.into_iter().collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(sorted).collect()),
        other => other.clone(),
    }
}
