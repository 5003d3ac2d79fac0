//! Durable tasks: the [`TaskBackend`] seam, the state machine over it, and the records they share.

mod answer;
mod backend;
mod input;
mod journal;
pub mod machine;
mod outcome;
mod record;
mod request;
mod spec;
mod state;
mod status;

pub(crate) use answer::check_value;
pub use backend::TaskBackend;
pub use input::{ASKED_AT_MOST, Input, InputRequest};
pub use journal::{InvalidAnswer, Journal};
pub use machine::TaskEvent;
pub use outcome::{RpcError, TaskOutcome};
pub use record::{Lease, Part, TaskHead, TaskRecord, Token};
pub use request::{
    ClaimRequest, Claimed, Guard, Idempotency, InsertOutcome, NewTask, Renewed, ReplaceOutcome, ReplaceRequest, Then,
};
pub use spec::{ClientAbilities, DefaultScope, OnInputTimeout, Rerun, RunPolicy, TaskKind, TaskSpec};
pub use state::{Progress, TaskState};
pub use status::TaskStatus;
