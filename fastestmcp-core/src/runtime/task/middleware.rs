//! The run of a task passes the middleware, as every operation does.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::FutureExt;
use tokio::sync::watch;
use tokio::time::sleep;

use super::execute::{execute, hand_back};
use super::finish;
use super::run::TaskRun;
use super::tasks::Tasks;
use crate::component::View;
use crate::context::{NoClient, RequestInfo};
use crate::operation::{Call, CallError, Endpoint, Next, Outcome, RunTask};
use crate::task::{RpcError, TaskEvent, TaskOutcome};

/// Runs the handler of a task behind all middleware. One that does not go on, or not to the end, ends the task: with an
/// error, a panic, an answer of its own, or by taking longer than the task may run.
pub(super) async fn through_middleware(tasks: &Arc<Tasks>, run: &Arc<TaskRun>) {
    let request = RunTask { id: run.id().clone(), tool: run.spec.name.clone(), attempt: run.attempts };
    let call = Call::new(
        request.into(),
        run.caller(),
        RequestInfo::default(),
        Arc::new(NoClient),
        run.lost.clone(),
        View::default(),
    );
    let end = Arc::new(Run { tasks: tasks.clone(), run: run.clone(), phase: watch::Sender::new(Phase::Before) });
    let next = Next::new(tasks.node.middleware.clone(), end.clone());
    let ended = tokio::select! {
        outcome = AssertUnwindSafe(next.run(call)).catch_unwind() => match outcome {
            Ok(Ok(_)) => Ended::Failed(RpcError::internal("not run")),
            Ok(Err(error)) => {
                tracing::warn!(task = %run.id().short(), %error, "a middleware refused a run");
                Ended::Failed(error.to_rpc())
            }
            Err(_) => Ended::Failed(CallError::Panicked.to_rpc()),
        },
        ended = end.given_up() => ended,
    };
    // A middleware that drops the rest of the way, for instance after a time of its own, ends a task that runs.
    if *end.phase.borrow() == Phase::After {
        return;
    }
    match ended {
        Ended::Failed(error) => finish::settle(run, TaskEvent::Finished(TaskOutcome::Error(error))).await,
        Ended::Stopping => hand_back(tasks, run, Duration::ZERO).await,
        Ended::Lost => {}
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Before,
    Running,
    After,
}

/// How it came that the handler has not ended by itself.
enum Ended {
    Failed(RpcError),
    Stopping,
    Lost,
}

/// The end of the way: the handler itself.
struct Run {
    tasks: Arc<Tasks>,
    run: Arc<TaskRun>,
    phase: watch::Sender<Phase>,
}

impl Run {
    /// When the middleware is waited for no longer. While the handler runs it has its own bounds.
    async fn given_up(&self) -> Ended {
        let mut phase = self.phase.subscribe();
        let most = Duration::from_millis(self.run.policy().run_timeout_ms);
        tokio::select! {
            _ = phase.wait_for(|phase| *phase != Phase::Before) => {}
            () = sleep(most) => return Ended::Failed(RpcError::internal("run timeout")),
            () = self.run.lost.cancelled() => return Ended::Lost,
            () = self.tasks.node.stopping.cancelled() => return Ended::Stopping,
        }
        let _ = phase.wait_for(|phase| *phase == Phase::After).await;
        sleep(self.tasks.node.config.grace).await;
        tracing::warn!(task = %self.run.id().short(), "a middleware did not end after a run");
        Ended::Lost
    }
}

#[async_trait]
impl Endpoint for Run {
    async fn serve(&self, _: Call) -> Result<Outcome, CallError> {
        // A middleware that goes on twice has one run all the same.
        if self.phase.send_if_modified(|phase| {
            *phase == Phase::Before && {
                *phase = Phase::Running;
                true
            }
        }) {
            tracing::info!(attempt = self.run.attempts, "a task starts");
            execute(&self.tasks, &self.run).await;
            self.phase.send_replace(Phase::After);
        }
        Ok(Outcome::RunTask(()))
    }
}
