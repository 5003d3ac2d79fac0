use std::sync::Arc;

use serde_json::{Map, Value};

use super::Resume;

/// `prompts/get`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct GetPrompt {
    /// The prompt.
    pub name: String,
    /// Its arguments, an object of texts.
    pub arguments: Arc<Value>,
    /// `_meta` of the request.
    pub meta: Arc<Map<String, Value>>,
    /// What the client brings back to a suspended request.
    pub resume: Option<Resume>,
}

impl GetPrompt {
    /// A request that resumes nothing.
    pub fn new(name: impl Into<String>, arguments: Map<String, Value>) -> Self {
        let arguments = Arc::new(Value::Object(arguments));
        Self { name: name.into(), arguments, meta: Arc::default(), resume: None }
    }

    /// The same with `_meta`.
    #[must_use]
    pub fn meta(mut self, meta: Map<String, Value>) -> Self {
        self.meta = Arc::new(meta);
        self
    }

    /// The same as the next leg of a suspended request.
    #[must_use]
    pub fn resume(mut self, resume: Resume) -> Self {
        self.resume = Some(resume);
        self
    }
}
