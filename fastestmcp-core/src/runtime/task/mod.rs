//! Tasks: what any node does with their records, and what the node does that runs them.

mod adopt;
mod driver;
mod end_session;
mod execute;
mod finish;
mod hold;
mod host;
mod hub;
mod lease;
mod middleware;
mod operate;
mod owned;
mod progress;
mod run;
mod running;
mod serve;
mod session_tasks;
mod start;
mod submit;
mod tasks;
mod wait;
mod wake;
mod watch;
mod worker;
mod write;

pub(super) use end_session::end_session;
pub use operate::{Operator, SessionPage, TaskFilter};
pub(super) use serve::Serve;
pub use session_tasks::SessionTasks;
pub(super) use tasks::Tasks;
pub(super) use watch::watch;
