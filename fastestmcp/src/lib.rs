//! MCP servers whose sessions and tasks survive a `kill -9`: pluggable, shared, durable state.
//!
//! This is the only crate that the author of a server names: `use fastestmcp::prelude::*;`.

mod connect;
mod redacted;

pub use connect::{ConnectError, connect};
pub use fastestmcp_core as core;
pub use fastestmcp_core::Stores;
pub use fastestmcp_core::principal::{AuthContext, Principal};
pub use fastestmcp_core::runtime::{
    Answer, CallError, Context, ContextError, LocalClient, LocalTask, Runtime, RuntimeConfig, State, TaskView,
};
pub use fastestmcp_core::task::{DefaultScope, OnInputTimeout, Progress, Rerun, RpcError, TaskOutcome, TaskStatus};
pub use fastestmcp_core::tool::{
    Content, IntoOutput, Json, NoArgs, ResourceContents, TaskPolicy, TaskSupport, Tool, ToolError, ToolOutput,
};
pub use fastestmcp_server::{BoundServer, HttpConfig, McpService, Server, ServerBuilder, ServerError, stop_signal};
pub use redacted::redacted;

/// What a server author needs, in one line.
pub mod prelude {
    pub use schemars::{self, JsonSchema};
    pub use serde::{self, Deserialize, Serialize};

    pub use crate::{
        Answer, Content, Context, DefaultScope, Json, NoArgs, Principal, Server, ServerError, Stores, TaskPolicy, Tool,
        ToolError, ToolOutput, connect,
    };
}

/// The README's code compiles.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
