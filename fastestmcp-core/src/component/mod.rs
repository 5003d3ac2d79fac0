//! What server authors register: components, of which tools are one kind. Each kind has a file or folder of its own; what
//! all of them have in common is here, and nothing here knows how they are run.

mod content;
mod description;
mod handler;
mod output;
mod registry;
mod schema;
mod tool;

pub use content::{Content, ResourceContents};
pub(crate) use description::Description;
pub(crate) use handler::{Panicked, RunningHandler, Turn};
pub use output::{IntoOutput, Json, ToolOutput};
pub(crate) use registry::{Components, Registry};
pub use schema::{result_schema_of, schema_of};
pub use tool::{InvalidTool, NoArgs, TaskPolicy, TaskSupport, Tool, ToolHints};

use futures_util::future::BoxFuture;
use serde_json::Value;

use crate::context::{Context, ToolError};

/// A handler that has read its arguments and waits to be run.
pub(crate) type Prepared<O> = Box<dyn FnOnce(Context) -> BoxFuture<'static, Result<O, ToolError>> + Send>;

/// What the registry and the runtime have to know of a component, whatever its kind.
pub(crate) trait Component: Send + Sync + 'static {
    /// What its handler produces.
    type Output: Send + 'static;

    /// What it says of itself.
    fn description(&self) -> &Description;

    /// Reads the arguments. Author's code: it may panic.
    ///
    /// # Errors
    /// They are not what the handler takes, in words for the model.
    fn prepare(&self, arguments: &Value) -> Result<Prepared<Self::Output>, ToolError>;

    /// A failure that the model is to read.
    fn told(text: String) -> Self::Output;
}
