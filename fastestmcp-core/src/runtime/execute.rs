//! One run of one task's handler.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::caller::Caller;
use super::context::{Context, Inner, Sink};
use super::error::ContextError;
use super::handler::{Panicked, Running, Turn};
use super::locals::Locals;
use super::run::{RunError, TaskRun};
use super::shared::{Shared, backoff};
use crate::error::StoreErrorKind;
use crate::task::{Rerun, RpcError, TaskEvent, TaskOutcome};
use crate::tool::{Failure, ToolError, ToolOutput};

/// Durable progress at most twice a second (contract T11).
const PROGRESS_EVERY: Duration = Duration::from_millis(500);
/// Published progress at most twenty times a second.
const FINE_PROGRESS_EVERY: Duration = Duration::from_millis(50);
/// The longest pause before a retry that a handler asked for.
const LONGEST_RETRY: Duration = Duration::from_secs(3_600);

/// Runs the handler of a task until it has ended, is parked, is handed back, or is no longer ours.
pub(super) async fn execute(shared: &Arc<Shared>, run: &Arc<TaskRun>) {
    let Some(tool) = shared.tool(&run.spec.tool) else { return };
    if run.policy().rerun == Rerun::Never && run.settle(TaskEvent::Started).await.is_err() {
        return;
    }
    let cancelled = CancellationToken::new();
    let spec = &run.spec;
    let cx = Context::new(Inner {
        shared: shared.clone(),
        tool: spec.tool.clone(),
        caller: Caller {
            auth: spec.auth.clone(),
            session: run.session().map(str::to_owned),
            scope: spec.scope.clone(),
            abilities: spec.abilities,
        },
        meta: spec.meta.clone(),
        locals: Locals::default(),
        replay: run.replay(),
        cancelled: cancelled.clone(),
        sink: Sink::Task(run.clone()),
    });
    let handler = Running::new(tool, cx, spec.arguments.clone());
    Execution { shared, run, handler, cancelled }.run_out().await;
}

struct Execution<'a> {
    shared: &'a Arc<Shared>,
    run: &'a Arc<TaskRun>,
    handler: Running,
    cancelled: CancellationToken,
}

/// Why a handler is not polled any more.
enum End {
    Returned(Result<Result<ToolOutput, ToolError>, Panicked>),
    TimedOut,
    Parked,
    Lost,
    Released,
}

impl Execution<'_> {
    async fn run_out(mut self) {
        match self.drive().await {
            End::Returned(result) => {
                let run = self.run;
                drop(self);
                finish(run, result).await;
            }
            End::TimedOut => {
                self.let_go().await;
                let run = self.run;
                drop(self);
                settle(run, TaskEvent::Finished(TaskOutcome::Error(RpcError::internal("run timeout")))).await;
            }
            End::Parked => {}
            End::Lost => self.let_go().await,
            End::Released => {
                let Self { shared, run, handler, .. } = self;
                drop(handler);
                let event = TaskEvent::HandedBack(shared.store_now(), Duration::ZERO);
                if let Err(error) = run.settle(event).await {
                    tracing::debug!(task = %run.id(), ?error, "a task was not handed back");
                }
            }
        }
    }

    async fn drive(&mut self) -> End {
        let run_timeout = Duration::from_millis(self.run.policy().run_timeout_ms);
        // A stopping node hands back at once what may rerun, for then others go on with it; the rest has the drain
        // period (contract T13).
        let released = match self.run.policy().rerun {
            Rerun::Always { .. } => &self.shared.stopping,
            Rerun::Never => &self.shared.release,
        };
        let mut deadline = Instant::now() + run_timeout;
        let mut next_progress = Instant::now();
        let mut next_fine = Instant::now();
        let mut waiting: Option<Wait> = None;
        loop {
            let until = waiting.as_ref().map_or(deadline, Wait::until);
            let progress = async {
                self.run.progressed().await;
                sleep_until(next_progress).await;
            };
            let fine = async {
                self.run.fine_progressed().await;
                sleep_until(next_fine).await;
            };
            tokio::select! {
                biased;
                () = self.run.lost.cancelled() => return End::Lost,
                turn = self.handler.turn() => match turn {
                    Turn::Ended(result) => return End::Returned(result),
                    Turn::Raised(requests) => {
                        let asked = TaskEvent::Asked(requests, self.shared.store_now());
                        match self.run.settle(asked).await {
                            Ok(_) | Err(RunError::Unchanged) => {}
                            Err(RunError::Lost) => return End::Lost,
                            Err(RunError::KeyReused(key)) => return End::Returned(Ok(Err(reused(&key)))),
                            Err(RunError::Store(error)) => return End::Returned(Ok(Err(error.into()))),
                        }
                        waiting.get_or_insert_with(|| Wait::new(self.shared, self.run));
                    }
                },
                () = self.run.nudged() => {
                    self.run.refresh().await;
                    if let Some(wait) = &waiting && !self.run.is_waiting().await {
                        deadline += wait.since.elapsed();
                        waiting = None;
                    }
                }
                () = fine => {
                    next_fine = Instant::now() + FINE_PROGRESS_EVERY;
                    self.run.publish_progress();
                }
                () = progress => {
                    next_progress = Instant::now() + PROGRESS_EVERY;
                    self.run.write_progress().await;
                }
                () = sleep_until(until) => match waiting.take() {
                    None => return End::TimedOut,
                    Some(wait) if wait.can_park => {
                        match self.run.settle(TaskEvent::Parked(self.shared.store_now())).await {
                            Ok(_) => return End::Parked,
                            Err(RunError::Unchanged) => deadline += wait.since.elapsed(),
                            Err(_) => return End::Lost,
                        }
                    }
                    Some(wait) => {
                        if self.run.settle(TaskEvent::InputTimedOut).await.is_ok_and(|step| step.status.is_terminal()) {
                            return End::Lost;
                        }
                        deadline += wait.since.elapsed();
                    }
                },
                () = released.cancelled() => return End::Released,
            }
        }
    }

    /// Tells the handler to stop, gives it its grace period, and drops it. Whatever it returns no longer counts.
    async fn let_go(&mut self) {
        self.cancelled.cancel();
        let rest = async { while let Turn::Raised(_) = self.handler.turn().await {} };
        let _ = tokio::time::timeout(self.shared.config.grace, rest).await;
    }
}

async fn finish(run: &Arc<TaskRun>, result: Result<Result<ToolOutput, ToolError>, Panicked>) {
    let event = match result {
        Ok(Ok(output)) => completed(&output),
        Ok(Err(ToolError(failure))) => match failure {
            Failure::Visible(text) => completed(&ToolOutput::error(text)),
            Failure::Rpc(error) => TaskEvent::Finished(TaskOutcome::Error(error)),
            Failure::Undeclared(method) => completed(&ToolOutput::error(ContextError::NotDeclared(method).to_string())),
            Failure::Retry(after, text) => match run.policy().rerun {
                Rerun::Always { .. } => {
                    let earlier = run.attempts().await.saturating_sub(1);
                    TaskEvent::RetryAsked(retry_pause(after, earlier))
                }
                Rerun::Never => completed(&ToolOutput::error(text)),
            },
            Failure::Masked(error) => {
                tracing::error!(task = %run.id(), tool = run.spec.tool, %error, "a task failed");
                TaskEvent::Finished(TaskOutcome::Error(RpcError::internal("tool failed")))
            }
        },
        Err(Panicked) => TaskEvent::Finished(TaskOutcome::Error(RpcError::internal("panic"))),
    };
    settle(run, event).await;
}

/// How long to wait before a retry: at least what the handler asked for, doubled with every earlier attempt, with jitter.
fn retry_pause(after: Duration, earlier: u32) -> Duration {
    let most = after.saturating_mul(2);
    backoff(most, earlier, LONGEST_RETRY.max(most))
}

/// Stores how a task ended; one that is too large to store ends as failed.
async fn settle(run: &Arc<TaskRun>, event: TaskEvent) {
    let error = match run.settle(event).await {
        Ok(_) | Err(RunError::Lost | RunError::Unchanged | RunError::KeyReused(_)) => return,
        Err(RunError::Store(error)) => error,
    };
    tracing::error!(task = %run.id(), %error, "the outcome of a task could not be stored");
    if error.kind == StoreErrorKind::TooLarge {
        let event = TaskEvent::Finished(TaskOutcome::Error(RpcError::internal("result too large")));
        if let Err(error) = run.settle(event).await {
            tracing::error!(task = %run.id(), ?error, "a task was left to its lease");
        }
    }
}

fn completed(output: &ToolOutput) -> TaskEvent {
    TaskEvent::Finished(match serde_json::to_value(output) {
        Ok(result) => TaskOutcome::Result(result),
        Err(_) => TaskOutcome::Error(RpcError::internal("result does not serialize")),
    })
}

fn reused(key: &str) -> ToolError {
    ContextError::KeyReused(key.to_owned()).into()
}

/// A handler that waits for input.
struct Wait {
    since: Instant,
    /// After a while a rerunnable handler is dropped and its slot freed; others wait in memory to the end.
    can_park: bool,
    park_after: Duration,
    input_timeout: Duration,
}

impl Wait {
    fn new(shared: &Shared, run: &TaskRun) -> Self {
        Self {
            since: Instant::now(),
            can_park: run.policy().rerun != Rerun::Never,
            park_after: shared.config.park_after,
            input_timeout: Duration::from_millis(run.policy().input_timeout_ms),
        }
    }

    fn until(&self) -> Instant {
        let wait = if self.can_park { self.park_after.min(self.input_timeout) } else { self.input_timeout };
        self.since + wait
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_retry_never_comes_earlier_than_the_handler_asked() {
        for after in [Duration::from_millis(10), Duration::from_secs(60), 3 * LONGEST_RETRY] {
            for earlier in [0, 1, 5, 40] {
                for _ in 0..50 {
                    let pause = retry_pause(after, earlier);
                    assert!(pause >= after && pause <= LONGEST_RETRY.max(after * 2), "{pause:?} for {after:?}");
                }
            }
        }
    }
}
