//! One run of one task's handler.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::driver::{Driver, End};
use super::finish;
use super::host::TaskHost;
use super::run::TaskRun;
use super::tasks::Tasks;
use crate::component::{RunningHandler, Turn};
use crate::context::{Context, Inner, Locals, RequestInfo};
use crate::runtime::state::StoredValues;
use crate::task::{Rerun, RpcError, TaskEvent, TaskOutcome};

/// Runs the handler of a task until it has ended, is parked, is handed back, or is no longer ours.
pub(super) async fn execute(tasks: &Arc<Tasks>, run: &Arc<TaskRun>) {
    let Some(tool) = tasks.node.tool(&run.spec.name) else { return };
    // A node that stops starts nothing more.
    if tasks.node.stopping.is_cancelled() {
        return hand_back(tasks, run, Duration::ZERO).await;
    }
    if run.policy().rerun == Rerun::Never && run.settle(TaskEvent::Started).await.is_err() {
        return;
    }
    let cancelled = CancellationToken::new();
    let spec = &run.spec;
    let cx = Context::new(Inner {
        name: spec.name.clone(),
        caller: run.caller(),
        request: RequestInfo::default(),
        meta: spec.meta.clone(),
        known: Arc::default(),
        locals: Locals::default(),
        replay: run.replay.clone(),
        cancelled: cancelled.clone(),
        values: Arc::new(StoredValues {
            node: tasks.node.clone(),
            patience: Duration::from_millis(run.policy().run_timeout_ms),
            waits_for_store: true,
        }),
        host: Arc::new(TaskHost(run.clone())),
    });
    let mut driver = Driver::new(tasks, run, RunningHandler::new(tool.clone(), cx, spec.arguments.clone()));
    match driver.drive().await {
        End::Returned(result) => {
            drop(driver);
            finish::returned(tasks, run, result).await;
        }
        End::Refused(error) => {
            drop(driver);
            finish::refused(run, &error).await;
        }
        End::TimedOut => {
            cancel_handler(tasks, driver, &cancelled).await;
            finish::settle(run, TaskEvent::Finished(TaskOutcome::Error(RpcError::internal("run timeout")))).await;
        }
        End::Parked => {}
        End::Lost => cancel_handler(tasks, driver, &cancelled).await,
        End::Released => {
            drop(driver);
            hand_back(tasks, run, Duration::ZERO).await;
        }
    }
}

/// Gives a task back in good order; one that was started and may not run again ends.
pub(super) async fn hand_back(tasks: &Tasks, run: &Arc<TaskRun>, delay: Duration) {
    if let Err(error) = run.settle(TaskEvent::HandedBack(tasks.node.store_now(), delay)).await {
        tracing::debug!(task = %run.id().short(), ?error, "a task was not handed back");
    }
}

/// Tells the handler to stop, gives it its grace period, and drops it. Whatever it returns no longer counts.
async fn cancel_handler(tasks: &Tasks, mut driver: Driver<'_>, cancelled: &CancellationToken) {
    cancelled.cancel();
    let rest = async { while let Turn::Raised(_) = driver.handler.turn().await {} };
    let _ = tokio::time::timeout(tasks.node.config.grace, rest).await;
}
