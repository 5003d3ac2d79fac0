//! Traits, domain types and runtime of fastestmcp: MCP servers whose state is pluggable, shared and durable.
//!
//! Three seams carry all state: [`SessionStateStore`](session::SessionStateStore), [`TaskBackend`](task::TaskBackend)
//! and [`EventLog`](event::EventLog). A backend implements them and proves it with the conformance suite; everything
//! else here is written once on top of them and knows no database, no protocol library and no transport.
//!
//! What each of them must hold is the
//! [contract](https://github.com/fastestmcp/fastestmcp/blob/main/docs/contract.md); docs and comments cite its rules by
//! their ids ("contract T6").

pub mod backend;
pub mod component;
pub mod context;
pub mod error;
pub mod event;
pub mod ids;
mod integers;
pub mod json;
pub mod limits;
mod middleware;
pub mod operation;
pub mod page;
pub mod principal;
pub mod record;
pub mod runtime;
pub mod seal;
pub mod session;
pub mod stores;
pub mod task;
mod telemetry;
pub mod time;
pub mod visibility;

pub use stores::Stores;
