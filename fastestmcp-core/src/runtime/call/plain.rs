//! Plain calls of a component of any kind: the handler runs while the client waits.

use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::host::CallHost;
use super::report::{Reports, report};
use crate::component::{Component, Panicked, RunningHandler, Turn};
use crate::context::{Client, Context, ContextError, Failure, Inner, Locals, Replay, ToolError};
use crate::operation::{CallError, Requester, Slot};
use crate::runtime::node::Node;
use crate::runtime::state::StoredValues;
use crate::task::{ASKED_AT_MOST, InputRequest, Journal, RpcError};

/// Progress and log messages that may wait for a slow client; what comes on top is lost.
const REPORTS: usize = 256;
/// How long the result of a call waits for a client that does not take the progress before it.
const SLOW_CLIENT: Duration = Duration::from_secs(2);

/// What a handler is called with.
pub(super) struct Invocation {
    pub(super) arguments: Arc<Value>,
    pub(super) meta: Arc<serde_json::Map<String, Value>>,
    /// What the client knows of the other arguments, while it completes one.
    pub(super) known: Arc<BTreeMap<String, String>>,
    /// What is known of earlier legs of the call.
    pub(super) replay: Replay,
    /// Whether the handler may let the call go on as a task.
    pub(super) may_detach: bool,
}

/// How the part of a call that a client waits for ended, where it did not fail.
pub(super) enum Ended<O> {
    Complete(O),
    /// The client is to answer what is open in the journal.
    Suspended(Journal),
    /// It goes on as a task.
    Detached(Journal),
}

/// Calls a component while the client waits.
pub(super) async fn call<C: Component>(
    node: &Arc<Node>,
    component: &Arc<C>,
    invocation: Invocation,
    requester: Requester,
) -> Result<Ended<C::Output>, CallError> {
    let Invocation { arguments, meta, known, replay, may_detach } = invocation;
    let replay = Arc::new(replay);
    let (said, reports) = mpsc::channel(REPORTS);
    let timeout = component.description().timeout.unwrap_or(node.config.call_timeout);
    let cancelled = CancellationToken::new();
    let detach = may_detach.then(CancellationToken::new);
    let cx = Context::new(Inner {
        name: component.description().name.clone(),
        caller: requester.caller,
        request: requester.request,
        meta,
        known,
        locals: Locals::default(),
        replay: replay.clone(),
        cancelled: cancelled.clone(),
        values: Arc::new(StoredValues { node: node.clone(), patience: timeout, waits_for_store: false }),
        host: Arc::new(CallHost { node: node.clone(), said, detach: detach.clone() }),
    });
    let mut attempt: Attempt<C> = Attempt {
        handler: RunningHandler::new(component.clone(), cx, arguments),
        asked: FuturesUnordered::new(),
        replay,
        detach,
        client: requester.client,
        timeout,
        input_timeout: node.config.input_timeout,
        slots: requester.slots,
    };
    let ended = tokio::select! {
        ended = attempt.run(reports) => ended,
        () = requester.cancelled.cancelled() => End::Stop(CallError::Cancelled),
    };
    match ended {
        End::Result(result) => Ok(Ended::Complete(result?)),
        End::Suspended => Ok(Ended::Suspended(attempt.into_journal())),
        End::Detached => Ok(Ended::Detached(attempt.into_journal())),
        End::Stop(error) => {
            cancelled.cancel();
            attempt.cancel(node);
            Err(error)
        }
    }
}

/// How the part of a call that a client waits for ended.
enum End<O> {
    Result(Result<O, CallError>),
    Suspended,
    Detached,
    Stop(CallError),
}

type Asked = futures_util::future::BoxFuture<'static, (String, Result<Value, RpcError>)>;

struct Attempt<C: Component> {
    handler: RunningHandler<C::Output>,
    asked: FuturesUnordered<Asked>,
    replay: Arc<Replay>,
    detach: Option<CancellationToken>,
    client: Arc<dyn Client>,
    timeout: Duration,
    input_timeout: Duration,
    /// Room that is taken until the handler has ended.
    slots: Vec<Slot>,
}

impl<C: Component> Attempt<C> {
    async fn run(&mut self, reports: Reports) -> End<C::Output> {
        let mut deadline = Instant::now() + self.timeout;
        let mut waiting_since = None;
        // Beside everything else: a client that does not take its progress holds up nothing but the progress.
        let client = self.client.clone();
        let mut reporting = pin!(report(client, reports));
        let mut reported = false;
        loop {
            let until = waiting_since.map_or(deadline, |since| since + self.input_timeout);
            tokio::select! {
                biased;
                () = &mut reporting, if !reported => reported = true,
                turn = self.handler.turn() => match turn {
                    Turn::Ended(result) => {
                        // What was reported before the result reaches the client before it, if it can. The handler, and
                        // with it the context that reports, is gone once it is dropped.
                        self.handler.end();
                        if !reported {
                            let _ = tokio::time::timeout(SLOW_CLIENT, reporting).await;
                        }
                        return End::Result(settle::<C>(result, self.client.answers_within_call()));
                    }
                    Turn::Raised(_) if !self.client.answers_within_call() => return End::Suspended,
                    Turn::Raised(requests) => {
                        waiting_since.get_or_insert_with(Instant::now);
                        self.ask(requests);
                    }
                },
                // After the turn: what the handler asked in it is asked first.
                () = detached(self.detach.as_ref()) => return End::Detached,
                Some((key, result)) = self.asked.next(), if !self.asked.is_empty() => {
                    self.replay.settle(&key, result.map_err(|error| error.message));
                    if self.asked.is_empty() && let Some(since) = waiting_since.take() {
                        deadline += since.elapsed();
                    }
                }
                () = sleep_until(until) => return End::Stop(CallError::Timeout),
            }
        }
    }

    fn ask(&self, requests: BTreeMap<String, InputRequest>) {
        for (key, request) in requests {
            let client = self.client.clone();
            self.asked.push(Box::pin(async move {
                let result = answered(&*client, &key, &request).await;
                (key, result)
            }));
        }
    }

    /// Lets go of the handler; what it has of the call's past.
    fn into_journal(self) -> Journal {
        let replay = self.replay.clone();
        drop(self);
        replay.journal()
    }

    /// Gives a handler that was told to stop its grace period, in the background. It counts as a call until it has ended
    /// (contract R2).
    fn cancel(self, node: &Arc<Node>) {
        let grace = node.config.grace;
        let Self { mut handler, slots, .. } = self;
        node.background.spawn(async move {
            let rest = async { while let Turn::Raised(_) = handler.turn().await {} };
            let _ = tokio::time::timeout(grace, rest).await;
            drop(handler);
            drop(slots);
        });
    }
}

/// What a client answers that is asked within the call, and again if its answer does not fit.
async fn answered(client: &dyn Client, key: &str, request: &InputRequest) -> Result<Value, RpcError> {
    let mut asked = request.clone();
    for _ in 1..ASKED_AT_MOST {
        let answer = client.request(key, &asked).await?;
        match request.check(&answer) {
            Ok(()) => return Ok(answer),
            Err(reason) => asked = request.again(&reason),
        }
    }
    client.request(key, &asked).await
}

/// Ends when the handler wants to go on as a task.
async fn detached(detach: Option<&CancellationToken>) {
    match detach {
        Some(detach) => detach.cancelled().await,
        None => std::future::pending().await,
    }
}

fn settle<C: Component>(
    result: Result<Result<C::Output, ToolError>, Panicked>,
    answers_within_call: bool,
) -> Result<C::Output, CallError> {
    match result {
        Ok(Ok(output)) => Ok(output),
        Ok(Err(ToolError(failure))) => match failure {
            Failure::Visible(text) | Failure::Retry(_, text) => C::told(text).map_err(CallError::Rpc),
            Failure::Rpc(error) => Err(CallError::Rpc(error)),
            // Only where requests travel in results, on the 2026 wire, is there an error for it; else the model is told.
            Failure::Undeclared(method) if answers_within_call => {
                C::told(ContextError::NotDeclared(method).to_string()).map_err(CallError::Rpc)
            }
            Failure::Undeclared(method) => Err(CallError::NotDeclared(method)),
            Failure::Store(error) => {
                tracing::error!(%error, "the store failed a handler");
                Err(CallError::Store(error))
            }
            Failure::Masked(error) => {
                tracing::error!(%error, "a handler failed");
                Err(CallError::Masked)
            }
        },
        Err(Panicked) => Err(CallError::Panicked),
    }
}
