use std::sync::Arc;

use serde_json::Value;

use super::CallOutcome;

/// `prompts/get`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct GetPrompt {
    /// The prompt.
    pub name: String,
    /// Its arguments, an object.
    pub arguments: Arc<Value>,
}

impl GetPrompt {
    /// Asks for the prompt `name`.
    pub fn new(name: impl Into<String>, arguments: Value) -> Self {
        Self { name: name.into(), arguments: Arc::new(arguments) }
    }
}

/// What it is answered with.
pub type PromptOutcome = CallOutcome<String>;
