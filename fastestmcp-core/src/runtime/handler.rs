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

type Guarded = BoxFuture<'static, Result<Result<ToolOutput, ToolError>, Box<dyn Any + Send>>>;

/// A handler in flight. Dropping it drops everything it had in flight. Whatever part of it panics, decoding, the
/// synchronous part, the awaited part or the drop of what it holds, only this handler ends (contract R3).
pub(crate) struct Running {
    /// Present until it is dropped.
    future: Option<Guarded>,
    replay: Arc<Replay>,
}

impl Running {
    pub(crate) fn new(tool: Tool, cx: Context, arguments: serde_json::Map<String, serde_json::Value>) -> Self {
        let replay = cx.replay();
        // The handler is entered by the first poll, within the guard.
        let run = async move { tool.run(cx, arguments).await };
        Self { future: Some(AssertUnwindSafe(run).catch_unwind().boxed()), replay }
    }

    /// Polls until the handler ends or a poll leaves it waiting for input it just asked for. Cancel safe.
    pub(crate) async fn turn(&mut self) -> Turn {
        std::future::poll_fn(|task| {
            let Some(future) = &mut self.future else { return Poll::Pending };
            // What the handler has spawned may raise something while the handler itself is not polled.
            self.replay.drive(task.waker());
            match future.poll_unpin(task) {
                Poll::Ready(result) => Poll::Ready(Turn::Ended(result.map_err(|_| Panicked))),
                Poll::Pending => {
                    self.replay.take_raised().map_or(Poll::Pending, |raised| Poll::Ready(Turn::Raised(raised)))
                }
            }
        })
        .await
    }

    /// Drops the handler and everything it had in flight.
    pub(crate) fn end(&mut self) {
        let future = self.future.take();
        // The panic hook has told of it.
        drop(std::panic::catch_unwind(AssertUnwindSafe(|| drop(future))));
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.end();
    }
}
