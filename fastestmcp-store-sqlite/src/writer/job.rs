use std::time::Instant;

use fastestmcp_core::backend::{At, Ticket};
use fastestmcp_core::error::{Outcome, StoreResult};
use tokio::sync::oneshot;

use super::transaction::WriteTx;
use crate::error::Failure;

/// A write as a value: owned by the store from the moment it is queued, and repeatable, because a storage error rolls
/// its whole group back and each member then runs again alone.
///
/// It checks everything before it writes anything, so that a value outcome leaves its neighbours' transaction as it was.
pub(crate) trait WriteOperation: Send + 'static {
    type Answer: Send + 'static;
    const NAME: &'static str;
    /// Whether its commit must reach the device before the answer (as far as the store is configured to).
    const DURABLE: bool = true;

    /// How many bytes of values it writes.
    fn bytes(&self) -> usize {
        0
    }

    fn apply(&mut self, tx: &WriteTx<'_>) -> Result<Self::Answer, Failure>;
}

/// A queued write of any kind.
pub(crate) trait Job: Send {
    fn is_durable(&self) -> bool;
    fn bytes(&self) -> usize;
    fn deadline(&self) -> Instant;
    /// Whether nobody waits for it any more, so that it need not begin.
    fn is_over(&self) -> bool;
    /// Leaves the queue for good; false if the caller gave up before.
    fn start(&self) -> bool;
    /// Runs it and keeps the answer until [`Job::acknowledge`].
    fn run(&mut self, tx: &WriteTx<'_>) -> Result<(), Failure>;
    /// The transaction is committed.
    fn acknowledge(self: Box<Self>);
    fn fail(self: Box<Self>, failure: &Failure, outcome: Outcome);
}

/// A write with the caller that waits for it.
pub(crate) struct Pending<O: WriteOperation> {
    pub(crate) operation: O,
    pub(crate) ticket: Ticket,
    pub(crate) deadline: Instant,
    pub(crate) reply: oneshot::Sender<StoreResult<At<O::Answer>>>,
    pub(crate) staged: Option<At<O::Answer>>,
}

impl<O: WriteOperation> Job for Pending<O> {
    fn is_durable(&self) -> bool {
        O::DURABLE
    }

    fn bytes(&self) -> usize {
        self.operation.bytes()
    }

    fn deadline(&self) -> Instant {
        self.deadline
    }

    fn is_over(&self) -> bool {
        self.ticket.is_withdrawn() || (Instant::now() >= self.deadline && self.ticket.withdraw())
    }

    fn start(&self) -> bool {
        self.ticket.start()
    }

    fn run(&mut self, tx: &WriteTx<'_>) -> Result<(), Failure> {
        self.staged = None;
        let answer = self.operation.apply(tx)?;
        self.staged = Some(At::new(tx.now, answer));
        Ok(())
    }

    fn acknowledge(self: Box<Self>) {
        // A dropped sender tells the caller that its answer was lost; a dropped receiver needs none.
        if let Some(answer) = self.staged {
            let _ = self.reply.send(Ok(answer));
        }
    }

    fn fail(self: Box<Self>, failure: &Failure, outcome: Outcome) {
        let _ = self.reply.send(Err(failure.to_error(O::NAME, outcome)));
    }
}
