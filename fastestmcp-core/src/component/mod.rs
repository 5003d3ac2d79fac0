//! What server authors register: components, which are tools, resources, templates of resources, and prompts. Each kind has
//! a file or folder of its own; what all of them have in common is here, and nothing here knows how they are run.

mod check;
mod completion;
mod content;
mod contents;
mod description;
mod handler;
mod icon;
mod message;
mod output;
mod prompt;
mod refusal;
mod registry;
mod resource;
mod schema;
mod template;
mod texts;
mod tool;
mod visible;

pub(crate) use check::Check;
pub use check::{InvalidComponent, Problem};
pub(crate) use completion::Completer;
pub use completion::{Completes, CompletesWith, Completion, IntoCompletion};
pub use content::{Content, ResourceContents};
pub use contents::{Caching, IntoContents, ResourceOutput};
pub use description::{Annotations, Description};
pub(crate) use handler::{Panicked, RunningHandler, Turn};
pub use icon::{Icon, IconTheme};
pub use message::{IntoPrompt, PromptMessage, PromptOutput, Role};
pub use output::{IntoOutput, Json, ToolOutput};
pub use prompt::{Prompt, PromptArgument};
pub use refusal::RESOURCE_NOT_FOUND;
pub(crate) use refusal::not_found;
pub use registry::AnyResource;
pub(crate) use registry::{Components, Readable, Registry};
pub use resource::Resource;
pub use schema::{result_schema_of, schema_of};
pub use template::{InvalidTemplate, ResourceTemplate};
pub use tool::{InvalidTool, NoArgs, TaskPolicy, TaskSupport, Tool, ToolHints};
pub(crate) use visible::{Shown, View, Visible};

use futures_util::future::BoxFuture;
use serde_json::Value;

use crate::context::{Context, ToolError};
use crate::task::RpcError;

/// A handler that has read its arguments and waits to be run.
pub(crate) type Prepared<O> = Box<dyn FnOnce(Context) -> BoxFuture<'static, Result<O, ToolError>> + Send>;

/// What the registry and the runtime have to know of a component, whatever its kind.
pub(crate) trait Component: Send + Sync + 'static {
    /// What its handler produces.
    type Output: Send + 'static;

    /// What it says of itself.
    fn description(&self) -> &Description;

    /// What clients know it by, and no other of its kind has.
    fn id(&self) -> &str {
        &self.description().name
    }

    /// Reads the arguments. Author's code: it may panic.
    ///
    /// # Errors
    /// They are not what the handler takes, in words for the model.
    fn prepare(&self, arguments: &Value) -> Result<Prepared<Self::Output>, ToolError>;

    /// A failure that the model is to read.
    ///
    /// # Errors
    /// MCP has no result for it, but an error.
    fn told(text: String) -> Result<Self::Output, RpcError>;
}
