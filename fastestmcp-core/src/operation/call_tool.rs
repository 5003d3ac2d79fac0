use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};

use super::task::TaskView;
use crate::component::ToolOutput;
use crate::task::InputRequest;

/// `tools/call`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CallTool {
    /// The tool.
    pub name: String,
    /// Its arguments, an object.
    pub arguments: Arc<Value>,
    /// `_meta` of the request.
    pub meta: Arc<Map<String, Value>>,
    /// What the client brings back to a suspended call.
    pub resume: Option<Resume>,
    /// What the client makes of tasks.
    pub tasks: TaskMode,
}

/// What the client of a call makes of tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TaskMode {
    /// It knows none: the call is answered by its result.
    Unknown,
    /// It takes a task where the tool prefers one.
    Accepted,
    /// It asked for a task.
    Requested(AskedTtl),
}

/// The life a client asks for a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AskedTtl {
    /// Whatever the tool says.
    Default,
    /// No end.
    Unlimited,
    /// This long, from its creation.
    For(Duration),
}

impl CallTool {
    /// A call of a client that knows no tasks, and that resumes nothing.
    pub fn new(name: impl Into<String>, arguments: Map<String, Value>) -> Self {
        Self {
            name: name.into(),
            arguments: Arc::new(Value::Object(arguments)),
            meta: Arc::default(),
            resume: None,
            tasks: TaskMode::Unknown,
        }
    }

    /// The same with `_meta`.
    #[must_use]
    pub fn meta(mut self, meta: Map<String, Value>) -> Self {
        self.meta = Arc::new(meta);
        self
    }

    /// The same of a client that knows tasks.
    #[must_use]
    pub const fn tasks(mut self, tasks: TaskMode) -> Self {
        self.tasks = tasks;
        self
    }

    /// The same as the next leg of a suspended call.
    #[must_use]
    pub fn resume(mut self, resume: Resume) -> Self {
        self.resume = Some(resume);
        self
    }

    /// The arguments as bytes that do not depend on the order of keys.
    pub(crate) fn canonical_arguments(&self) -> Result<Vec<u8>, serde_json::Error> {
        canonical(&self.arguments)
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

/// How a call of a component ended that produces an `O`.
#[derive(Clone, Debug, PartialEq)]
pub enum CallOutcome<O = ToolOutput> {
    /// With a result.
    Complete(O),
    /// The client must answer these and call again with `state`.
    InputRequired {
        /// What it must answer, by key.
        requests: BTreeMap<String, InputRequest>,
        /// What it must bring back, sealed.
        state: String,
    },
    /// It goes on as this task. Only where the client [knows](TaskMode) tasks.
    Task(Box<TaskView>),
}

/// Arguments as bytes that do not depend on the order of keys.
pub(crate) fn canonical(arguments: &Value) -> Result<Vec<u8>, serde_json::Error> {
    serde_json::to_vec(&sorted(arguments))
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
