//! Tasks: what any node does with their records, and what the node does that runs them.

mod adopt;
mod driver;
mod execute;
mod finish;
mod hold;
mod hub;
mod lease;
mod operate;
mod owned;
mod progress;
mod run;
mod running;
mod submit;
mod view;
mod wait;
mod watch;
mod worker;
mod write;

pub use operate::{Operator, SessionPage, TaskFilter};
pub use owned::{CancelOutcome, TaskPage};
pub use progress::ProgressFeed;
pub use submit::AskedTtl;
pub use view::TaskView;
pub use watch::TaskWatch;

pub(super) use hold::hold_sessions;
pub(super) use hub::TaskHub;
pub(super) use lease::{LeaseClock, renew_leases};
pub(super) use owned::{answer, cancel, cancel_of_session, list, progress, task};
pub(super) use run::TaskRun;
pub(super) use running::RunningTasks;
pub(super) use submit::submit;
pub(super) use worker::work;
