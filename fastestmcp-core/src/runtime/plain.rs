//! Plain calls: the handler runs while the client waits.

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

use super::call::{CallOutcome, Resume, ToolCall};
use super::caller::Client;
use super::context::{Context, Inner, Sink};
use super::error::{CallError, ContextError};
use super::handler::{Panicked, Running, Turn};
use super::locals::Locals;
use super::replay::Replay;
use super::resume;
use super::shared::Shared;
use super::slots::Slot;
use super::task::{AskedTtl, submit};
use crate::task::{InputRequest, Journal, Progress, RpcError};
use crate::tool::{Failure, Tool, ToolError, ToolOutput};

/// Progress that may wait for a slow client; what comes on top is lost.
const PROGRESS_QUEUE: usize = 256;
/// How long the result of a call waits for a client that does not take the progress before it.
const SLOW_CLIENT: Duration = Duration::from_secs(2);

/// Calls a tool while the client waits.
pub(super) async fn call(
    shared: &Arc<Shared>,
    call: ToolCall,
    client: Arc<dyn Client>,
) -> Result<CallOutcome, CallError> {
    let tool = shared.tool(&call.tool).ok_or_else(|| CallError::UnknownTool(call.tool.clone()))?.clone();
    let slot = shared.calls.take(&call.caller)?;
    let replay = Arc::new(replay_of(shared, &call).await?);
    let (progress, reports) = mpsc::channel(PROGRESS_QUEUE);
    let timeout = tool.call_timeout().unwrap_or(shared.config.call_timeout);
    let cancelled = CancellationToken::new();
    let detach = call.may_detach.then(CancellationToken::new);
    let cx = Context::new(Inner {
        shared: shared.clone(),
        tool: call.tool.clone(),
        caller: call.caller.clone(),
        meta: call.meta.clone(),
        locals: Locals::default(),
        replay: replay.clone(),
        cancelled: cancelled.clone(),
        patience: timeout,
        sink: Sink::Plain(progress, detach.clone()),
    });
    let mut attempt = Attempt {
        handler: Running::new(tool, cx, call.arguments.clone()),
        asked: FuturesUnordered::new(),
        replay,
        detach,
        client,
        timeout,
        input_timeout: shared.config.input_timeout,
        slot,
    };
    let ended = tokio::select! {
        ended = attempt.run(reports) => ended,
        () = call.cancelled.cancelled() => Ended::Stop(CallError::Cancelled),
    };
    match ended {
        Ended::Result(result) => Ok(CallOutcome::Complete(result?)),
        Ended::Suspended => {
            let journal = attempt.replay.journal();
            drop(attempt);
            let requests = journal.open_inputs().map(|(key, request)| (key.to_owned(), request.clone())).collect();
            let state = resume::suspend(shared, &call, journal).await?;
            Ok(CallOutcome::InputRequired { requests, state })
        }
        Ended::Detached => {
            let journal = attempt.replay.journal();
            drop(attempt);
            let task = submit(shared, call, AskedTtl::Default, journal).await?;
            Ok(CallOutcome::Detached(Box::new(task)))
        }
        Ended::Stop(error) => {
            cancelled.cancel();
            attempt.let_go(shared);
            Err(error)
        }
    }
}

/// What a call that goes on has of its earlier legs; nothing for a new one.
async fn replay_of(shared: &Shared, call: &ToolCall) -> Result<Replay, CallError> {
    let Some(Resume { state, answers }) = &call.resume else { return Ok(Replay::default()) };
    let Some(state) = state else {
        // The client answers what it knows will be asked.
        return Ok(Replay::resumed(Journal::default(), answers.clone()));
    };
    let mut journal = resume::resume(shared, call, state).await?;
    // One invalid answer must not cost the others; it is asked for again.
    for (key, answer) in answers {
        if let Err(error) = journal.answer(BTreeMap::from([(key.clone(), answer.clone())])) {
            tracing::debug!(%error, "an answer is asked for again");
        }
    }
    Ok(Replay::resumed(journal, BTreeMap::new()))
}

/// How the part of a call that a client waits for ended.
enum Ended {
    Result(Result<ToolOutput, CallError>),
    Suspended,
    Detached,
    Stop(CallError),
}

type Asked = futures_util::future::BoxFuture<'static, (String, Result<Value, RpcError>)>;

struct Attempt {
    handler: Running,
    asked: FuturesUnordered<Asked>,
    replay: Arc<Replay>,
    detach: Option<CancellationToken>,
    client: Arc<dyn Client>,
    timeout: Duration,
    input_timeout: Duration,
    /// Taken until the handler has ended.
    slot: Slot,
}

impl Attempt {
    async fn run(&mut self, reports: mpsc::Receiver<Progress>) -> Ended {
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
                        return Ended::Result(settle(result, self.client.answers_within_call()));
                    }
                    Turn::Raised(_) if !self.client.answers_within_call() => return Ended::Suspended,
                    Turn::Raised(requests) => {
                        waiting_since.get_or_insert_with(Instant::now);
                        self.ask(requests);
                    }
                },
                // After the turn: what the handler asked in it is asked first.
                () = detached(self.detach.as_ref()) => return Ended::Detached,
                Some((key, result)) = self.asked.next(), if !self.asked.is_empty() => {
                    self.answered(&key, result);
                    if self.asked.is_empty() && let Some(since) = waiting_since.take() {
                        deadline += since.elapsed();
                    }
                }
                () = sleep_until(until) => return Ended::Stop(CallError::Timeout),
            }
        }
    }

    fn ask(&self, requests: BTreeMap<String, InputRequest>) {
        for (key, request) in requests {
            let client = self.client.clone();
            self.asked.push(Box::pin(async move {
                let result = client.request(&key, &request).await;
                (key, result)
            }));
        }
    }

    fn answered(&self, key: &str, result: Result<Value, RpcError>) {
        let checked = result.map_err(|error| error.message).and_then(|answer| {
            // Within a call a client has one chance: what does not fit is its failure.
            let mut journal = self.replay.journal();
            let answers = BTreeMap::from([(key.to_owned(), answer.clone())]);
            journal.answer(answers).map(|_| answer).map_err(|error| error.to_string())
        });
        self.replay.settle(key, checked);
    }

    /// Gives a handler that was told to stop its grace period, in the background. It counts as a call until it has ended
    /// (contract R2).
    fn let_go(self, shared: &Arc<Shared>) {
        let grace = shared.config.grace;
        let Self { mut handler, slot, .. } = self;
        shared.background.spawn(async move {
            let rest = async { while let Turn::Raised(_) = handler.turn().await {} };
            let _ = tokio::time::timeout(grace, rest).await;
            drop(handler);
            drop(slot);
        });
    }
}

/// Passes progress on until nobody can report any more.
async fn report(client: Arc<dyn Client>, mut reports: mpsc::Receiver<Progress>) {
    while let Some(progress) = reports.recv().await {
        client.progress(&progress).await;
    }
}

/// Ends when the handler wants to go on as a task.
async fn detached(detach: Option<&CancellationToken>) {
    match detach {
        Some(detach) => detach.cancelled().await,
        None => std::future::pending().await,
    }
}

fn settle(
    result: Result<Result<ToolOutput, ToolError>, Panicked>,
    answers_within_call: bool,
) -> Result<ToolOutput, CallError> {
    match result {
        Ok(Ok(output)) => Ok(output),
        Ok(Err(ToolError(failure))) => match failure {
            Failure::Visible(text) | Failure::Retry(_, text) => Ok(ToolOutput::error(text)),
            Failure::Rpc(error) => Err(CallError::Rpc(error)),
            // Only where requests travel in results, on the 2026 wire, is there an error for it; else the model is told.
            Failure::Undeclared(method) if answers_within_call => {
                Ok(ToolOutput::error(ContextError::NotDeclared(method).to_string()))
            }
            Failure::Undeclared(method) => Err(CallError::NotDeclared(method)),
            Failure::Store(error) => {
                tracing::error!(%error, "the store failed a tool");
                Err(CallError::Store(error))
            }
            Failure::Masked(error) => {
                tracing::error!(%error, "a tool failed");
                Err(CallError::Masked)
            }
        },
        Err(Panicked) => Err(CallError::Panicked),
    }
}

/// The tool of a call, for those that only look.
pub(super) fn known<'a>(shared: &'a Shared, call: &ToolCall) -> Result<&'a Tool, CallError> {
    shared.tool(&call.tool).ok_or_else(|| CallError::UnknownTool(call.tool.clone()))
}
