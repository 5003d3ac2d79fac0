//! The way in: what is asked is admitted, passes the middleware, and is carried out.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::FutureExt;
use tokio_util::sync::CancellationToken;

use super::call::call_tool;
use super::task::{self, Tasks};
use crate::context::{Caller, Client};
use crate::operation::{
    Call, CallError, Endpoint, ListTools, Listening, Next, Operation, Outcome, Request, Requester, ToolPage, plan,
};
use crate::page::Position;
use crate::principal::OwnerFilter;

/// Tools of one page.
const PAGE: usize = 500;
/// The name that cursors of lists of tools are bound to.
const TOOLS: &str = "tools";

/// An operation that was let in: it exists, and whoever asks may ask for it.
#[derive(Debug)]
#[must_use = "nothing happens before it is run"]
pub struct Admitted<R> {
    door: Door,
    request: R,
    caller: Caller,
    cancelled: CancellationToken,
}

impl<R: Request> Admitted<R> {
    /// The same, and it ends when this is cancelled: the client went away or changed its mind. A task is cancelled by its
    /// id.
    pub fn cancelled_by(mut self, cancelled: CancellationToken) -> Self {
        self.cancelled = cancelled;
        self
    }

    /// Carries it out. `client` is told how far it is, and asked what it is to answer.
    ///
    /// # Errors
    /// [`CallError`]; what a handler raises for the model is a result, not an error.
    pub async fn run(self, client: Arc<dyn Client>) -> Result<R::Answer, CallError> {
        let Self { door, request, caller, cancelled } = self;
        let call = Call::new(request.into(), caller, client, cancelled);
        let next = Next::new(door.0.node.middleware.clone(), Arc::new(door));
        // Of middleware: handlers are guarded by themselves.
        let outcome = AssertUnwindSafe(next.run(call)).catch_unwind().await.map_err(|_| CallError::Panicked)??;
        R::answer(outcome).ok_or_else(|| {
            tracing::error!("a middleware answered with what was not asked for");
            CallError::Masked
        })
    }
}

/// The end of the way of every operation.
#[derive(Clone)]
pub(super) struct Door(pub(super) Arc<Tasks>);

impl std::fmt::Debug for Door {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Door")
    }
}

impl Door {
    pub(super) fn admit<R: Request + Clone>(&self, request: R, caller: Caller) -> Result<Admitted<R>, CallError> {
        if let Operation::CallTool(call) = request.clone().into() {
            plan(&self.0.node.components, &call)?;
        }
        Ok(Admitted { door: self.clone(), request, caller, cancelled: CancellationToken::new() })
    }

    fn list_tools(&self, caller: &Caller, request: &ListTools) -> Result<ToolPage, CallError> {
        let node = &self.0.node;
        let filter = caller.owner().map_or(OwnerFilter::Any, OwnerFilter::Is);
        let from = match &request.cursor {
            None => 0,
            Some(cursor) => {
                let place = node.keys.open_cursor(TOOLS, &filter, cursor).map_err(|_| CallError::InvalidCursor)?;
                let place = place.0.as_ref().try_into().map_err(|_| CallError::InvalidCursor)?;
                usize::try_from(u64::from_be_bytes(place)).unwrap_or(usize::MAX)
            }
        };
        let (tools, next) = node.components.tools.page(from, PAGE);
        let seal = |place: usize| {
            let place = Position(Bytes::copy_from_slice(&(place as u64).to_be_bytes()));
            node.keys.seal_cursor(TOOLS, &filter, &place)
        };
        Ok(ToolPage { tools: tools.to_vec(), next_cursor: next.map(seal).transpose()? })
    }
}

#[async_trait]
impl Endpoint for Door {
    async fn serve(&self, call: Call) -> Result<Outcome, CallError> {
        let (tasks, (operation, requester)) = (&self.0, call.split());
        let caller = &requester.caller;
        Ok(match operation {
            Operation::ListTools(request) => Outcome::ListTools(self.list_tools(caller, &request)?),
            Operation::CallTool(request) => Outcome::CallTool(call_tool(tasks, requester, request).await?),
            Operation::GetTask(request) => Outcome::GetTask(task::task(tasks, caller, &request.id).await?),
            Operation::ListTasks(request) => {
                Outcome::ListTasks(task::list(tasks, caller, request.cursor.as_deref()).await?)
            }
            Operation::CancelTask(request) => Outcome::CancelTask(task::cancel(tasks, caller, &request.id).await?),
            Operation::UpdateTask(request) => {
                Outcome::UpdateTask(task::update(tasks, caller, &request.id, request.answers).await?)
            }
            Operation::WatchTask(request) => {
                let Requester { caller, slots, .. } = requester;
                Outcome::WatchTask(task::watch(tasks, &caller, &request.id, slots).await?)
            }
            Operation::FollowProgress(request) => {
                Outcome::FollowProgress(task::follow_progress(tasks, caller, &request.id).await?)
            }
            Operation::Listen(_) => Outcome::Listen(Listening::new(requester.slots)),
            // Runs come from the node's own worker, which carries them out itself.
            Operation::RunTask(_) => return Err(CallError::InvalidParams("no client runs tasks".to_owned())),
        })
    }
}
