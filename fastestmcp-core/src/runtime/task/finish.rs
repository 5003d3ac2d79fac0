//! What becomes of a task when its handler has ended.

use std::sync::Arc;
use std::time::Duration;

use super::execute::hand_back;
use super::run::TaskRun;
use super::tasks::Tasks;
use super::write::RunError;
use crate::component::{Panicked, ToolOutput};
use crate::context::{ContextError, Failure, ToolError};
use crate::error::{StoreError, StoreErrorKind};
use crate::json;
use crate::limits::MAX_DURATION;
use crate::task::{Rerun, RpcError, TaskEvent, TaskOutcome};
use crate::time::backoff;

/// The longest pause before a retry that a handler asked for.
const LONGEST_RETRY: Duration = Duration::from_secs(3_600);
/// The pause before a task runs again that a store's failure has ended, and the longest.
const AFTER_STORE: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(30));

/// Stores what the handler returned.
pub(super) async fn returned(
    tasks: &Tasks,
    run: &Arc<TaskRun>,
    result: Result<Result<ToolOutput, ToolError>, Panicked>,
) {
    let always = matches!(run.policy().rerun, Rerun::Always { .. });
    let event = match result {
        Ok(Ok(output)) => completed(&output),
        Ok(Err(ToolError(failure))) => match failure {
            Failure::Visible(text) => completed(&ToolOutput::error(text)),
            Failure::Rpc(error) => TaskEvent::Finished(TaskOutcome::Error(error)),
            Failure::Undeclared(method) => completed(&ToolOutput::error(ContextError::NotDeclared(method).to_string())),
            Failure::Retry(after, _) if always => {
                TaskEvent::RetryAsked(retry_pause(after, run.attempts.saturating_sub(1)))
            }
            Failure::Retry(_, text) => completed(&ToolOutput::error(text)),
            // The store failed and not the handler: run again, and not as an attempt of it (contract T6).
            Failure::Store(error) if always => {
                tracing::warn!(task = %run.id().short(), tool = run.spec.name, %error, "the store failed a task: it runs again");
                let claims = run.record.lock().await.snapshot.claims;
                return hand_back(tasks, run, backoff(AFTER_STORE.0, claims, AFTER_STORE.1)).await;
            }
            Failure::Store(error) => {
                tracing::error!(task = %run.id().short(), tool = run.spec.name, %error, "the store failed a task");
                failed("store unavailable")
            }
            Failure::Masked(error) => {
                tracing::error!(task = %run.id().short(), tool = run.spec.name, %error, "a task failed");
                failed("tool failed")
            }
        },
        Err(Panicked) => failed("panic"),
    };
    settle(run, event).await;
}

/// Ends a task whose request to the client the store refuses to keep.
pub(super) async fn refused(run: &Arc<TaskRun>, error: &StoreError) {
    tracing::error!(task = %run.id().short(), tool = run.spec.name, %error, "a question of a task could not be stored");
    settle(run, failed("tool failed")).await;
}

/// Stores how a task ended; one that cannot be stored ends as failed.
pub(super) async fn settle(run: &Arc<TaskRun>, event: TaskEvent) {
    let error = match run.settle(event).await {
        Ok(_) | Err(RunError::Lost | RunError::Unchanged | RunError::KeyReused(_)) => return,
        Err(RunError::Store(error)) => error,
    };
    tracing::error!(task = %run.id().short(), tool = run.spec.name, %error, "the outcome of a task could not be stored");
    let reason = match error.kind {
        StoreErrorKind::TooLarge => "result too large",
        // Nested too deeply, for instance.
        StoreErrorKind::InvalidInput => "result cannot be stored",
        _ => return,
    };
    if let Err(error) = run.settle(failed(reason)).await {
        tracing::error!(task = %run.id().short(), ?error, "a task was left to its lease");
    }
}

pub(super) fn failed(reason: &str) -> TaskEvent {
    TaskEvent::Finished(TaskOutcome::Error(RpcError::internal(reason)))
}

fn completed(output: &ToolOutput) -> TaskEvent {
    match serde_json::to_value(output) {
        Ok(result) if json::check_depth(&result).is_ok() => TaskEvent::Finished(TaskOutcome::Result(result)),
        _ => failed("result cannot be stored"),
    }
}

/// How long to wait before a retry: at least what the handler asked for, doubled with every earlier attempt, with jitter.
fn retry_pause(after: Duration, earlier: u32) -> Duration {
    let most = after.saturating_mul(2).min(MAX_DURATION);
    backoff(most, earlier, LONGEST_RETRY.max(most))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_retry_never_comes_earlier_than_the_handler_asked_nor_later_than_a_store_can_say() {
        for after in [Duration::from_millis(10), Duration::from_secs(60), 3 * LONGEST_RETRY] {
            for earlier in [0, 1, 5, 40] {
                for _ in 0..50 {
                    let pause = retry_pause(after, earlier);
                    assert!(pause >= after && pause <= LONGEST_RETRY.max(after * 2), "{pause:?} for {after:?}");
                }
            }
        }
        assert!(retry_pause(Duration::MAX, 3) <= MAX_DURATION);
    }
}
