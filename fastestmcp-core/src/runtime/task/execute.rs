//! One run of one task's handler.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::driver::{Driver, End};
use super::finish;
use super::run::TaskRun;
use crate::runtime::caller::Caller;
use crate::runtime::context::{Context, Inner, Sink};
use crate::runtime::handler::{Running, Turn};
use crate::runtime::locals::Locals;
use crate::runtime::shared::Shared;
use crate::task::{Rerun, RpcError, TaskEvent, TaskOutcome};

/// Runs the handler of a task until it has ended, is parked, is handed back, or is no longer ours.
pub(super) async fn execute(shared: &Arc<Shared>, run: &Arc<TaskRun>) {
    let Some(tool) = shared.tool(&run.spec.tool) else { return };
    // A node that stops starts nothing more.
    if shared.stopping.is_cancelled() {
        return hand_back(shared, run, Duration::ZERO).await;
    }
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
        replay: run.replay.clone(),
        cancelled: cancelled.clone(),
        patience: Duration::from_millis(run.policy().run_timeout_ms),
        sink: Sink::Task(run.clone()),
    });
    let mut driver = Driver::new(shared, run, Running::new(tool.clone(), cx, spec.arguments.clone()));
    match driver.drive().await {
        End::Returned(result) => {
            drop(driver);
            finish::returned(shared, run, result).await;
        }
        End::Refused(error) => {
            drop(driver);
            finish::refused(run, &error).await;
        }
        End::TimedOut => {
            let_go(shared, driver, &cancelled).await;
            finish::settle(run, TaskEvent::Finished(TaskOutcome::Error(RpcError::internal("run timeout")))).await;
        }
        End::Parked => {}
        End::Lost => let_go(shared, driver, &cancelled).await,
        End::Released => {
            drop(driver);
            hand_back(shared, run, Duration::ZERO).await;
        }
    }
}

/// Gives a task back in good order; one that was started and may not run again ends.
pub(super) async fn hand_back(shared: &Shared, run: &Arc<TaskRun>, delay: Duration) {
    if let Err(error) = run.settle(TaskEvent::HandedBack(shared.store_now(), delay)).await {
        tracing::debug!(task = %run.id().short(), ?error, "a task was not handed back");
    }
}

/// Tells the handler to stop, gives it its grace period, and drops it. Whatever it returns no longer counts.
async fn let_go(shared: &Shared, mut driver: Driver<'_>, cancelled: &CancellationToken) {
    cancelled.cancel();
    let rest = async { while let Turn::Raised(_) = driver.handler.turn().await {} };
    let _ = tokio::time::timeout(shared.config.grace, rest).await;
}
