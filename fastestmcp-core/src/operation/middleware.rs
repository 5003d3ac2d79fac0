use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;

use super::{CallError, Operation, Outcome, Slot};
use crate::component::View;
use crate::context::{Caller, Client, RequestInfo};

/// An operation on its way through the door: what is asked, by whom, and who is told on the way.
#[non_exhaustive]
pub struct Call {
    /// What is asked.
    pub operation: Operation,
    /// By whom.
    pub caller: Caller,
    /// What it came with.
    pub request: RequestInfo,
    /// Where progress goes and who answers questions.
    pub client: Arc<dyn Client>,
    /// Cancelled when the client cancels or goes away. A task is cancelled by its id.
    pub cancelled: CancellationToken,
    /// What the caller may see.
    view: View,
    /// Room that was taken for it, kept for as long as what it has begun.
    slots: Vec<Slot>,
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").field("operation", &self.operation).finish_non_exhaustive()
    }
}

impl Call {
    pub(crate) const fn new(
        operation: Operation,
        caller: Caller,
        request: RequestInfo,
        client: Arc<dyn Client>,
        cancelled: CancellationToken,
        view: View,
    ) -> Self {
        Self { operation, caller, request, client, cancelled, view, slots: Vec::new() }
    }

    /// Keeps room taken until what the call has begun is over, also if the call itself is over sooner.
    pub(crate) fn keep(&mut self, slot: Slot) {
        self.slots.push(slot);
    }

    /// What is asked, and who asks.
    pub(crate) fn split(self) -> (Operation, Requester) {
        let Self { operation, caller, request, client, cancelled, view, slots } = self;
        (operation, Requester { caller, request, client, cancelled, view, slots })
    }
}

/// Who waits for an operation.
pub(crate) struct Requester {
    pub(crate) caller: Caller,
    pub(crate) request: RequestInfo,
    pub(crate) client: Arc<dyn Client>,
    pub(crate) cancelled: CancellationToken,
    pub(crate) view: View,
    /// Room that was taken for it.
    pub(crate) slots: Vec<Slot>,
}

/// What stands between whoever asks and what is asked, for every operation and on every way in: clients of both
/// protocol eras, of stdio and in process, and the workers that run tasks ([`Operation::RunTask`]).
///
/// Middleware of a server runs in the order it was added, after the built-in ones, which are (outermost first): timing and
/// logging, limits. It may change the call, answer it, refuse it, or look at what comes back. A panic in it ends the call
/// and nothing else (contract R3). A function of a call and what comes next is a middleware:
///
/// ```
/// use fastestmcp_core::operation::{Call, CallError, Next, Operation, Outcome};
///
/// async fn no_tasks(call: Call, next: Next) -> Result<Outcome, CallError> {
///     match call.operation {
///         Operation::ListTasks(_) => Err(CallError::InvalidParams("not here".to_owned())),
///         _ => next.run(call).await,
///     }
/// }
/// # fn takes(_: impl fastestmcp_core::operation::Middleware) {}
/// # takes(no_tasks);
/// ```
#[async_trait]
pub trait Middleware: Send + Sync + 'static {
    /// Handles a call; `next` is what it would have come to without this.
    ///
    /// `async fn handle(&self, call: Call, next: Next) -> Result<Outcome, CallError>`
    ///
    /// # Errors
    /// What `next` answers, or a reason of its own.
    async fn handle(&self, call: Call, next: Next) -> Result<Outcome, CallError>;
}

#[async_trait]
impl<F, Fut> Middleware for F
where
    F: Fn(Call, Next) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Outcome, CallError>> + Send,
{
    async fn handle(&self, call: Call, next: Next) -> Result<Outcome, CallError> {
        self(call, next).await
    }
}

/// All middleware of a runtime, outermost first.
pub(crate) type Chain = Arc<[Arc<dyn Middleware>]>;

/// Where a call that has come through all middleware is carried out.
#[async_trait]
pub(crate) trait Endpoint: Send + Sync {
    async fn serve(&self, call: Call) -> Result<Outcome, CallError>;
}

/// The rest of the way of a call.
pub struct Next {
    chain: Chain,
    at: usize,
    end: Arc<dyn Endpoint>,
}

impl fmt::Debug for Next {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Next").field("left", &(self.chain.len() - self.at)).finish_non_exhaustive()
    }
}

impl Next {
    pub(crate) const fn new(chain: Chain, end: Arc<dyn Endpoint>) -> Self {
        Self { chain, at: 0, end }
    }

    /// Goes on with the call.
    ///
    /// # Errors
    /// Whatever comes of it.
    pub async fn run(mut self, call: Call) -> Result<Outcome, CallError> {
        match self.chain.get(self.at).cloned() {
            Some(middleware) => {
                self.at += 1;
                middleware.handle(call, self).await
            }
            None => self.end.serve(call).await,
        }
    }
}
