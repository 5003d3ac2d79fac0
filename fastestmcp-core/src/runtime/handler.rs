use std::any::Any;
use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::task::Poll;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::context::Context;
use super::replay::Replay;
use crate::task::InputRequest;
use crate::tool::{Tool, ToolError, ToolOutput};

/// What came of polling a handler.
pub(crate) enum Turn {
    /// It ended; `Err` is a panic.
    Ended(Result<Result<ToolOutput, ToolError>, Panicked>),
    /// It waits, and these requests of it have no answer yet.
    Raised(BTreeMap<String, InputRequest>),
}

/// A handler panicked. The payload went to the panic hook.
pub(crate) struct Panicked;

/// A handler in flight. Dropping it drops everything it had in flight.
pub(crate) struct Running {
    future: BoxFuture<'static, Result<Result<ToolOutput, ToolError>, Box<dyn Any + Send>>>,
    replay: Arc<Replay>,
}

impl Running {
    pub(crate) fn new(tool: &Tool, cx: Context, arguments: serde_json::Map<String, serde_json::Value>) -> Self {
        let replay = cx.replay();
        Self { future: AssertUnwindSafe(tool.run(cx, arguments)).catch_unwind().boxed(), replay }
    }

    /// Polls until the handler ends or a poll leaves it waiting for input it just asked for. Cancel safe.
    pub(crate) async fn turn(&mut self) -> Turn {
        std::future::poll_fn(|task| match self.future.poll_unpin(task) {
            Poll::Ready(result) => Poll::Ready(Turn::Ended(result.map_err(|_| Panicked))),
            Poll::Pending => {
                self.replay.take_raised().map_or(Poll::Pending, |raised| Poll::Ready(Turn::Raised(raised)))
            }
        })
        .await
    }
}
