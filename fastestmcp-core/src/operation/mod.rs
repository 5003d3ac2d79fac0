//! The door of a runtime: what can be asked of it, by whom, what it answers, and the middleware that every request
//! passes, whatever way it came.

mod call_tool;
mod complete;
mod error;
mod get_prompt;
mod list;
mod listen;
mod middleware;
mod plan;
mod read_resource;
mod slots;
mod table;
mod task;

pub(crate) use call_tool::canonical;
pub use call_tool::{AskedTtl, CallOutcome, CallTool, Resume, TaskMode};
pub use complete::{Complete, CompletionTarget};
pub use error::{CANCELLED, CallError, INVALID_PARAMS, METHOD_NOT_FOUND, MISSING_CAPABILITY, OVERLOADED};
pub use get_prompt::GetPrompt;
pub use list::{
    ListPrompts, ListResourceTemplates, ListResources, ListTools, PromptPage, ResourcePage, ResourceTemplatePage,
    ToolPage,
};
pub use listen::{Listen, Listening};
pub use middleware::{Call, Middleware, Next};
pub(crate) use middleware::{Chain, Endpoint, Requester};
pub(crate) use plan::{Plan, plan, tool};
pub use read_resource::ReadResource;
pub(crate) use slots::{Slot, Slots};
pub(crate) use table::with_operations;
pub use table::{Operation, Outcome, Request};
pub(crate) use task::TaskChanges;
pub use task::{
    CancelOutcome, CancelTask, FollowProgress, GetTask, ListTasks, ProgressFeed, RunTask, TaskPage, TaskView,
    TaskWatch, UpdateTask, WatchTask,
};
