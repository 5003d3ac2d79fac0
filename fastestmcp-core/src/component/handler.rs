use std::any::Any;
use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::task::Poll;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::Value;

use super::Component;
use crate::context::{Context, Replay, ToolError};
use crate::task::InputRequest;

/// What came of polling a handler.
pub(crate) enum Turn<O> {
    /// It ended; `Err` is a panic.
    Ended(Result<Result<O, ToolError>, Panicked>),
    /// It waits, and these requests of it have no answer yet.
    Raised(BTreeMap<String, InputRequest>),
}

/// A handler panicked. The payload went to the panic hook.
#[derive(Debug)]
pub(crate) struct Panicked;

type Guarded<O> = BoxFuture<'static, Result<Result<O, ToolError>, Box<dyn Any + Send>>>;

/// A handler in flight. Dropping it drops everything it had in flight. Whatever part of it panics, decoding, the
/// synchronous part, the awaited part or the drop of what it holds, only this handler ends (contract R3).
pub(crate) struct RunningHandler<O> {
    /// Present until it is dropped.
    future: Option<Guarded<O>>,
    replay: Arc<Replay>,
}

impl<O: Send + 'static> RunningHandler<O> {
    pub(crate) fn new<C: Component<Output = O>>(component: Arc<C>, cx: Context, arguments: Arc<Value>) -> Self {
        let replay = cx.replay();
        // The author's code is entered by the first poll, within the guard.
        let run = async move {
            let prepared = component.prepare(&arguments)?;
            drop(arguments);
            prepared(cx).await
        };
        Self { future: Some(AssertUnwindSafe(run).catch_unwind().boxed()), replay }
    }

    /// Polls until the handler ends or a poll leaves it waiting for input it just asked for. Cancel safe.
    pub(crate) async fn turn(&mut self) -> Turn<O> {
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

impl<O> Drop for RunningHandler<O> {
    fn drop(&mut self) {
        let future = self.future.take();
        drop(std::panic::catch_unwind(AssertUnwindSafe(|| drop(future))));
    }
}
