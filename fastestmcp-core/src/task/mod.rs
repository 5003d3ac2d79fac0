//! Durable tasks: the [`TaskBackend`] seam, the state machine over it, and the records they share.

mod backend;
mod record;
mod request;

pub use backend::TaskBackend;
pub use record::{Lease, Part, TaskHead, TaskRecord, Token};
pub use request::{
    ClaimRequest, Claimed, Guard, Idempotency, InsertOutcome, NewTask, Renewed, ReplaceOutcome, ReplaceRequest, Then,
};
