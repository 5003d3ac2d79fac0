//! The way in: what is asked is admitted, passes the middleware, and is carried out.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use async_trait::async_trait;
use futures_util::FutureExt;
use tokio_util::sync::CancellationToken;

use super::task::{Serve, Tasks};
use crate::component::{View, Visible};
use crate::context::{Caller, Client, RequestInfo};
use crate::operation::{Call, CallError, Endpoint, Next, Operation, Outcome, Request, with_operations};

/// An operation that was let in: it exists, and whoever asks may ask for it.
#[derive(Debug)]
#[must_use = "nothing happens before it is run"]
pub struct Admitted<R> {
    door: Door,
    request: R,
    caller: Caller,
    came_with: RequestInfo,
    view: View,
    cancelled: CancellationToken,
}

impl<R: Request> Admitted<R> {
    /// The same, and it ends when this is cancelled: the client went away or changed its mind. A task is cancelled by its
    /// id.
    pub fn cancelled_by(mut self, cancelled: CancellationToken) -> Self {
        self.cancelled = cancelled;
        self
    }

    /// The same, and its handler and middleware can read what it came with.
    pub fn with(mut self, came_with: RequestInfo) -> Self {
        self.came_with = came_with;
        self
    }

    /// Carries it out. `client` is told how far it is, and asked what it is to answer.
    ///
    /// # Errors
    /// [`CallError`]; what a handler raises for the model is a result, not an error.
    pub async fn run(self, client: Arc<dyn Client>) -> Result<R::Answer, CallError> {
        let Self { door, request, caller, came_with, view, cancelled } = self;
        let call = Call::new(request.into(), caller, came_with, client, cancelled, view);
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
    pub(super) async fn admit<R: Request + Clone>(&self, request: R, caller: Caller) -> Result<Admitted<R>, CallError> {
        let (node, operation) = (&self.0.node, request.clone().into());
        let view = if is_of_components(&operation) { node.visibility.view(&caller).await? } else { View::default() };
        admit(&operation, Visible { components: &node.components, view: &view })?;
        let (came_with, cancelled) = (RequestInfo::default(), CancellationToken::new());
        Ok(Admitted { door: self.clone(), request, caller, came_with, view, cancelled })
    }
}

macro_rules! dispatch {
    ($($(#[$docs:meta])* $request:ident($method:literal) -> $answer:ty;)*) => {
        fn is_of_components(operation: &Operation) -> bool {
            const fn of<R: Serve>(_: &R) -> bool {
                R::IS_OF_COMPONENTS
            }
            match operation {
                $(Operation::$request(request) => of(request),)*
            }
        }

        fn admit(operation: &Operation, visible: Visible<'_>) -> Result<(), CallError> {
            match operation {
                $(Operation::$request(request) => request.admit(visible),)*
            }
        }

        #[async_trait]
        impl Endpoint for Door {
            async fn serve(&self, call: Call) -> Result<Outcome, CallError> {
                let (operation, requester) = call.split();
                // Each on the heap by itself, or all would be as large as the largest.
                Ok(match operation {
                    $(Operation::$request(request) => {
                        Outcome::$request(Box::pin(request.serve(&self.0, requester)).await?)
                    })*
                })
            }
        }
    };
}

with_operations!(dispatch);
