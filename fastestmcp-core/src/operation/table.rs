use super::list::{
    ListPrompts, ListResourceTemplates, ListResources, ListTools, PromptPage, ResourcePage, ResourceTemplatePage,
    ToolPage,
};
use super::listen::{Listen, Listening};
use super::task::{
    CancelOutcome, CancelTask, FollowProgress, GetTask, ListTasks, ProgressFeed, RunTask, TaskPage, TaskView,
    TaskWatch, UpdateTask, WatchTask,
};
use super::{CallOutcome, CallTool, Complete, GetPrompt, ReadResource};
use crate::component::{Completion, PromptOutput, ResourceOutput};

/// What a request of MCP is here: a struct of its own, and what it is answered with.
pub trait Request: Into<Operation> {
    /// What it is answered with.
    type Answer;

    /// The answer, if that is what the outcome is.
    fn answer(outcome: Outcome) -> Option<Self::Answer>;
}

/// The table of all operations, given to another macro: request, method of MCP or what stands for it, answer. Whatever needs
/// an arm for each of them is made of it.
macro_rules! with_operations {
    ($then:ident) => {
        $then! {
            /// The tools that the caller may see.
            ListTools("tools/list") -> ToolPage;
            /// A call of a tool.
            CallTool("tools/call") -> CallOutcome;
            /// The resources that the caller may see.
            ListResources("resources/list") -> ResourcePage;
            /// The templates of resources that the caller may see.
            ListResourceTemplates("resources/templates/list") -> ResourceTemplatePage;
            /// A read of a resource.
            ReadResource("resources/read") -> CallOutcome<ResourceOutput>;
            /// The prompts that the caller may see.
            ListPrompts("prompts/list") -> PromptPage;
            /// A prompt.
            GetPrompt("prompts/get") -> CallOutcome<PromptOutput>;
            /// What an argument may be completed to.
            Complete("completion/complete") -> Completion;
            /// A task of the caller.
            GetTask("tasks/get") -> TaskView;
            /// The tasks of the caller.
            ListTasks("tasks/list") -> TaskPage;
            /// The end of a task.
            CancelTask("tasks/cancel") -> CancelOutcome;
            /// Answers to a task.
            UpdateTask("tasks/update") -> ();
            /// A wait for a task.
            WatchTask("tasks/result") -> TaskWatch;
            /// The progress of a task.
            FollowProgress("notifications/progress") -> Option<ProgressFeed>;
            /// A stream of changes.
            Listen("subscriptions/listen") -> Listening;
            /// A run of a task by this node.
            RunTask("tasks/run") -> ();
        }
    };
}
pub(crate) use with_operations;

macro_rules! operations {
    ($($(#[$docs:meta])* $request:ident($method:literal) -> $answer:ty;)*) => {
        /// Everything that can be asked of a runtime, one struct per request of MCP.
        #[derive(Clone, Debug)]
        #[non_exhaustive]
        pub enum Operation {
            $($(#[$docs])* $request($request),)*
        }

        /// What an operation is answered with: the variant of its own name.
        #[derive(Debug)]
        #[non_exhaustive]
        pub enum Outcome {
            $($(#[$docs])* $request($answer),)*
        }

        impl Operation {
            /// The method of MCP, or what stands for it where MCP has none.
            pub const fn method(&self) -> &'static str {
                match self {
                    $(Self::$request(_) => $method,)*
                }
            }
        }

        $(
            impl From<$request> for Operation {
                fn from(request: $request) -> Self {
                    Self::$request(request)
                }
            }

            impl Request for $request {
                type Answer = $answer;

                fn answer(outcome: Outcome) -> Option<$answer> {
                    match outcome {
                        Outcome::$request(answer) => Some(answer),
                        _ => None,
                    }
                }
            }
        )*
    };
}

with_operations!(operations);
