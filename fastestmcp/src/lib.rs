//! MCP servers whose sessions and tasks survive a `kill -9`: pluggable, shared, durable state.
//!
//! This is the only crate that the author of a server names, beside `serde`, `schemars` and `tokio` for the derives and the
//! runtime: `use fastestmcp::prelude::*;`. Three nouns: a [`Tool`] is a function that clients call, a [`Server`] is made of
//! tools (and of [resources and prompts](#resources-and-prompts)), and [`Stores`] keep their state.
//!
//! # A server
//!
//! ```no_run
//! use fastestmcp::prelude::*;
//!
//! #[derive(Deserialize, JsonSchema)]
//! struct Greet {
//!     /// Whom to greet.
//!     name: String,
//!     #[serde(default)]
//!     politely: bool,
//! }
//!
//! async fn greet(_cx: Context, args: Greet) -> Result<String, ToolError> {
//!     if args.name.is_empty() {
//!         return Err(ToolError::new("give a name")); // the model reads this
//!     }
//!     Ok(format!("{} {}", if args.politely { "Good day," } else { "Hi" }, args.name))
//! }
//!
//! #[tokio::main]
//! async fn main() -> Result<(), ServerError> {
//!     Server::builder("greeter")
//!         .version(env!("CARGO_PKG_VERSION"))
//!         .tool(Tool::new("greet", greet).description("Greets somebody.").read_only())
//!         .stores(connect("sqlite:state.db").await?)
//!         .build()?
//!         .serve_http("127.0.0.1:8000") // or serve_stdio(), or into_service() within an axum application
//!         .await
//! }
//! ```
//!
//! Docs of arguments are what the model reads of them. A handler that takes no arguments takes `()`. One that shares
//! something of its own with all its calls is made by [`Tool::with_state`].
//!
//! # Results and errors
//!
//! A handler returns text, [`Json`] of anything with a schema, [`Content`] (pictures, sounds, resources, links), a whole
//! [`ToolOutput`], or nothing. [`ToolError::new`] is for the model; any other error that goes through `?` is logged and
//! masked on the wire, and [`ToolError::internal`] takes what is no `std::error::Error`, such as `anyhow::Error`.
//!
//! # Resources and prompts
//!
//! A [`Resource`] is something at a URI that clients read, a [`ResourceTemplate`] many of a kind; a [`Prompt`] is messages that
//! people ask for by name. Their handlers are written as those of tools: they may ask the client, and keep state. What clients
//! give them are texts, which typed fields are read out of; `complete` suggests what a field may be.
//!
//! ```
//! use fastestmcp::prelude::*;
//! use serde_json::json;
//!
//! #[derive(Deserialize, JsonSchema)]
//! struct UserPath {
//!     id: u64,
//! }
//!
//! #[derive(Deserialize, JsonSchema)]
//! struct Review {
//!     /// What to review.
//!     code: String,
//! }
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let users = ResourceTemplate::new("shop://users/{id}", async |_: Context, user: UserPath| {
//!     Ok((user.id < 3).then(|| Json(["ada", "grace", "lin"][user.id as usize]))) // `None`: there is no such resource
//! });
//! let server = Server::builder("shop")
//!     .resource(Resource::new("shop://hours", async |_: Context| Ok("9 to 5")).title("Opening hours"))
//!     .resource(users.complete("id", async |_: Context, typed: &str| Ok([format!("{typed}1"), format!("{typed}2")])))
//!     .prompt(Prompt::new("review", async |_: Context, review: Review| {
//!         Ok(PromptMessage::user(format!("Review:\n{}", review.code)))
//!     }))
//!     .stores(connect("memory:").await?)
//!     .build()?;
//! let client = server.local(Principal::Local("me".into())).await?;
//! let grace = client.read_resource("shop://users/1").await?;
//! assert_eq!(grace.contents[0].text.as_deref(), Some("\"grace\""));
//! let review = client.get_prompt("review", json!({ "code": "fn main() {}" })).await?;
//! assert_eq!(review.messages[0].content.as_text(), Some("Review:\nfn main() {}"));
//! # Ok(())
//! # }
//! ```
//!
//! # State
//!
//! Values live in the store, under the session or the principal of the caller ([`Context::default_scope`]); no update is
//! lost, however many calls run at once and on however many nodes. An anonymous caller of 2026-07-28 over HTTP has neither:
//! there, [`Context::create_handle`] gives values an id that the client brings back, and [`Context::app_state`] keeps what
//! all callers share.
//!
//! ```
//! use fastestmcp::prelude::*;
//! use serde_json::json;
//!
//! async fn visit(cx: Context, _: ()) -> Result<String, ToolError> {
//!     let n = cx.update_state("visits", |n: Option<u64>| n.unwrap_or(0) + 1).await?;
//!     Ok(format!("visit {n}"))
//! }
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // A client in the same process, for your own tests.
//! let server = Server::builder("counter").tool(Tool::new("visit", visit)).stores(connect("memory:").await?).build()?;
//! let client = server.local(Principal::Local("me".into())).await?;
//! client.call("visit", json!({})).await?;
//! let output = client.call("visit", json!({})).await?;
//! assert_eq!(output.content[0].as_text(), Some("visit 2"));
//! # Ok(())
//! # }
//! ```
//!
//! # Tasks and questions
//!
//! A tool with a [`TaskPolicy`] runs in the background, on any node. A handler that may be started again where its worker
//! was lost goes on from what it recorded: [`Context::once`] does a thing once, [`Context::checkpoint`] says where to
//! resume, and an answer to [`Context::elicit`] is kept for good. [`Context::progress`] tells how far it is.
//!
//! ```
//! use fastestmcp::prelude::*;
//! use fastestmcp::TaskOutcome;
//! use serde_json::json;
//!
//! #[derive(Deserialize, JsonSchema)]
//! struct Confirm {
//!     /// Book it?
//!     ok: bool,
//! }
//!
//! async fn book(cx: Context, _: ()) -> Result<&'static str, ToolError> {
//!     let price: u32 = cx.once("price", || async { Ok(420) }).await?;
//!     match cx.elicit::<Confirm>("confirm", format!("Book for {price}?")).await? {
//!         Answer::Accepted(Confirm { ok: true }) => {}
//!         _ => return Ok("not booked"),
//!     }
//!     for step in cx.restored::<u32>()?.unwrap_or(0)..3 {
//!         cx.progress(step.into(), Some(3.0), "booking");
//!         cx.checkpoint(&(step + 1)).await?;
//!     }
//!     Ok("booked")
//! }
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let tool = Tool::new("book", book).task(TaskPolicy::required().rerun());
//! let server = Server::builder("trips").tool(tool).stores(connect("memory:").await?).build()?;
//! let client = server.local(Principal::Local("me".into())).await?.answering(|_, _| None);
//! let task = client.start("book", json!({})).await?;
//! task.until(|view| view.inputs.contains_key("confirm")).await?;
//! task.answer("confirm", json!({ "action": "accept", "content": { "ok": true } })).await?;
//! let TaskOutcome::Result(result) = task.result().await? else { panic!("no result") };
//! assert_eq!(result["content"][0]["text"], "booked");
//! # Ok(())
//! # }
//! ```
//!
//! [`form_of`] lists every kind of field that a question can have.
//!
//! # Stores and settings
//!
//! [`connect`] opens a store by its URL. [`RuntimeConfig`] sets times and caps, [`HttpConfig`] who may talk to the server
//! and how. What is wrong with any of it is said by [`ServerBuilder::build`], not later.
//!
//! ```
//! use std::time::Duration;
//!
//! use fastestmcp::prelude::*;
//! use fastestmcp::{HttpConfig, RuntimeConfig};
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let server = Server::builder("reports")
//!     .tool(Tool::new("report", async |_: Context, _: ()| Ok("done")).task(TaskPolicy::optional().queue("slow")))
//!     .stores(connect("memory:").await?)
//!     .runtime(RuntimeConfig::default().lease(Duration::from_secs(10)).worker_slots(4))
//!     .http(HttpConfig::default().path("/tools").public_url("https://mcp.example.com/tools"))
//!     .build()?;
//! # drop(server);
//! # Ok(())
//! # }
//! ```
//!
//! # Who calls, and what all calls pass
//!
//! Over HTTP nobody is asked who they are unless [`ServerBuilder::authenticate`] says by whom: [`Bearer`] knows tokens that
//! you have given out, and any other way is an [`Authenticator`]. Whatever a caller makes, sessions, tasks, handles, is then
//! theirs alone. Every request of every client, and every run of a task, passes each [`Middleware`] of the server.
//!
//! ```
//! use fastestmcp::prelude::*;
//! use fastestmcp::{Bearer, Call, CallError, Next, Operation, Outcome};
//!
//! async fn no_reports_for_guests(call: Call, next: Next) -> Result<Outcome, CallError> {
//!     match &call.operation {
//!         Operation::CallTool(tool) if tool.name == "report" && call.caller.auth.scopes.is_empty() => {
//!             Err(CallError::InvalidParams("guests get no reports".to_owned()))
//!         }
//!         _ => next.run(call).await,
//!     }
//! }
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let ada = Principal::User { issuer: "me".into(), subject: "ada".into() };
//! let server = Server::builder("reports")
//!     .tool(Tool::new("report", async |_: Context, _: ()| Ok("done")))
//!     .authenticate(Bearer::tokens([("a long random text", ada)]))
//!     .middleware(no_reports_for_guests)
//!     .stores(connect("memory:").await?)
//!     .build()?;
//! # drop(server);
//! # Ok(())
//! # }
//! ```
//!
//! An [`Authenticator`] of your own sees the head of a request before its body is read:
//!
//! ```
//! use fastestmcp::http::request::Parts;
//! use fastestmcp::{AuthContext, Authenticator, Challenge, Principal, async_trait};
//!
//! /// Trusts a proxy in front that has looked who it is.
//! struct FromProxy;
//!
//! #[async_trait]
//! impl Authenticator for FromProxy {
//!     async fn authenticate(&self, head: &Parts) -> Result<AuthContext, Challenge> {
//!         let user = head.headers.get("x-user").and_then(|user| user.to_str().ok()).ok_or(Challenge::bearer())?;
//!         Ok(AuthContext::new(Principal::User { issuer: "proxy".into(), subject: user.into() }))
//!     }
//! }
//! ```
//!
//! [The guide](https://github.com/fastestmcp/fastestmcp/tree/main/docs/guide) goes through all of this in chapters, and through
//! running a server: several nodes, proxies, probes, stopping.
//!
//! What may be relied on, whatever the store, is written down in
//! [the contract](https://github.com/fastestmcp/fastestmcp/blob/main/docs/contract.md); docs cite its rules by their ids.

mod connect;
mod redacted;

pub use async_trait::async_trait;
pub use connect::{ConnectError, connect};
pub use fastestmcp_core as core;
pub use fastestmcp_core::Stores;
pub use fastestmcp_core::component::{
    Annotations, AnyResource, Caching, Completes, CompletesWith, Completion, Content, Description, Icon, IconTheme,
    IntoCompletion, IntoContents, IntoOutput, IntoPrompt, InvalidComponent, InvalidTemplate, InvalidTool, Json, NoArgs,
    Problem, Prompt, PromptArgument, PromptMessage, PromptOutput, Resource, ResourceContents, ResourceOutput,
    ResourceTemplate, Role, TaskPolicy, TaskSupport, Tool, ToolOutput,
};
pub use fastestmcp_core::context::{Answer, Context, ContextError, State};
pub use fastestmcp_core::context::{NotAForm, ToolError, form_of};
pub use fastestmcp_core::event::{Changes, List};
pub use fastestmcp_core::operation::{
    Call, CallError, Complete, CompletionTarget, Middleware, Next, Operation, Outcome, TaskView,
};
pub use fastestmcp_core::principal::{AuthContext, Principal};
pub use fastestmcp_core::runtime::{LocalClient, LocalTask, Runtime, RuntimeConfig, StartError};
pub use fastestmcp_core::session::LogLevel;
pub use fastestmcp_core::task::{DefaultScope, OnInputTimeout, Progress, Rerun, RpcError, TaskOutcome, TaskStatus};
pub use fastestmcp_core::visibility::{ComponentKind, Selector};
pub use fastestmcp_server::{
    Anonymous, Authenticator, Bearer, BoundServer, Challenge, HttpConfig, InvalidHttp, McpBody, McpService, Server,
    ServerBuilder, ServerError, stop_signal,
};
pub use http;
pub use redacted::redacted;

/// What a server author needs, in one line.
pub mod prelude {
    pub use schemars::{self, JsonSchema};
    pub use serde::{self, Deserialize, Serialize};

    pub use crate::{
        Answer, Content, Context, DefaultScope, Json, LogLevel, NoArgs, Principal, Prompt, PromptMessage, Resource,
        ResourceTemplate, Server, ServerError, Stores, TaskPolicy, Tool, ToolError, ToolOutput, connect,
    };
}

/// The README's code compiles.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;

/// The guide's code compiles, and runs where it says what comes of it.
#[cfg(doctest)]
mod guide {
    #[doc = include_str!("../../docs/guide/1-a-server.md")]
    struct Server;
    #[doc = include_str!("../../docs/guide/2-components.md")]
    struct Components;
    #[doc = include_str!("../../docs/guide/3-state.md")]
    struct State;
    #[doc = include_str!("../../docs/guide/4-tasks.md")]
    struct Tasks;
    #[doc = include_str!("../../docs/guide/5-running-it.md")]
    struct Running;
}
