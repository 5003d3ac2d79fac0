use std::sync::Arc;

use serde_json::{Map, Value};

use super::Resume;

/// `resources/read`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ReadResource {
    /// Which.
    pub uri: String,
    /// `_meta` of the request.
    pub meta: Arc<Map<String, Value>>,
    /// What the client brings back to a suspended read.
    pub resume: Option<Resume>,
}

impl ReadResource {
    /// A read that resumes nothing.
    pub fn new(uri: impl Into<String>) -> Self {
        Self { uri: uri.into(), meta: Arc::default(), resume: None }
    }

    /// The same with `_meta`.
    #[must_use]
    pub fn meta(mut self, meta: Map<String, Value>) -> Self {
        self.meta = Arc::new(meta);
        self
    }

    /// The same as the next leg of a suspended read.
    #[must_use]
    pub fn resume(mut self, resume: Resume) -> Self {
        self.resume = Some(resume);
        self
    }
}
