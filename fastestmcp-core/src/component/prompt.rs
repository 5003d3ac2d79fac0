use std::fmt;
use std::sync::Arc;

use futures_util::FutureExt;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{Component, Description, Prepared};
use crate::context::{Context, ToolError};

/// A named text that clients ask for.
#[derive(Clone)]
pub struct Prompt {
    description: Description,
    prepare: Arc<dyn Fn(&Value) -> Result<Prepared<String>, ToolError> + Send + Sync>,
}

impl Prompt {
    /// A prompt from an async function.
    pub fn new<A, F, Fut>(name: impl Into<String>, handler: F) -> Self
    where
        A: DeserializeOwned + Send + 'static,
        F: Fn(Context, A) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<String, ToolError>> + Send + 'static,
    {
        let handler = Arc::new(handler);
        let prepare = move |arguments: &Value| {
            let arguments: A = A::deserialize(arguments).map_err(|error| ToolError::new(error.to_string()))?;
            let handler = handler.clone();
            Ok(Box::new(move |cx| handler(cx, arguments).boxed()) as Prepared<String>)
        };
        Self { description: Description::named(name), prepare: Arc::new(prepare) }
    }
}

impl fmt::Debug for Prompt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.description.name)
    }
}

impl Component for Prompt {
    type Output = String;

    fn description(&self) -> &Description {
        &self.description
    }

    fn prepare(&self, arguments: &Value) -> Result<Prepared<String>, ToolError> {
        (self.prepare)(arguments)
    }

    fn told(text: String) -> String {
        text
    }
}
