//! Polls the handler of a task and carries out what it asks for, without ever waiting for the store itself.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::run::TaskRun;
use super::tasks::Tasks;
use super::wait::Wait;
use super::write::RunError;
use crate::component::{Panicked, RunningHandler, ToolOutput, Turn};
use crate::context::{ContextError, ToolError};
use crate::error::StoreError;
use crate::task::machine::Step;
use crate::task::{Rerun, TaskEvent};

/// Durable progress at most twice a second (contract T11).
const PROGRESS_EVERY: Duration = Duration::from_millis(500);
/// Published progress at most twenty times a second.
const FINE_PROGRESS_EVERY: Duration = Duration::from_millis(50);

/// Why a handler is not polled any more.
pub(super) enum End {
    /// It ended by itself.
    Returned(Result<Result<ToolOutput, ToolError>, Panicked>),
    /// Its time is over.
    TimedOut,
    /// It waits for the client and was let go of.
    Parked,
    /// Whatever it does no longer counts.
    Lost,
    /// The store refuses what it asked to be kept.
    Refused(StoreError),
    /// The node stops.
    Released,
}

/// A handler and the writes that are under way for it.
pub(super) struct Driver<'a> {
    tasks: &'a Arc<Tasks>,
    run: &'a Arc<TaskRun>,
    pub(super) handler: RunningHandler<ToolOutput>,
    /// Requests to the client on their way into the record.
    asking: FuturesUnordered<BoxFuture<'static, Result<Step, RunError>>>,
    reading: Option<BoxFuture<'static, ()>>,
    writing: Option<BoxFuture<'static, ()>>,
    /// The end of a wait on its way into the record.
    leaving: Option<BoxFuture<'static, Result<Step, RunError>>>,
    wait: Option<Wait>,
    /// When the handler's time is over, the time it waited for the client not counted.
    deadline: Instant,
}

impl<'a> Driver<'a> {
    pub(super) fn new(tasks: &'a Arc<Tasks>, run: &'a Arc<TaskRun>, handler: RunningHandler<ToolOutput>) -> Self {
        let run_timeout = Duration::from_millis(run.policy().run_timeout_ms);
        Self {
            tasks,
            run,
            handler,
            asking: FuturesUnordered::new(),
            reading: None,
            writing: None,
            leaving: None,
            wait: None,
            deadline: Instant::now() + run_timeout,
        }
    }

    pub(super) async fn drive(&mut self) -> End {
        let released = self.released().clone();
        let mut next_progress = Instant::now();
        let mut next_fine = Instant::now();
        loop {
            self.look_whether_answered();
            let until = self.until();
            let (run, leaving) = (self.run, self.leaving.is_some());
            let progress = async {
                run.progress.to_write().await;
                sleep_until(next_progress).await;
            };
            let fine = async {
                run.progress.to_publish().await;
                sleep_until(next_fine).await;
            };
            tokio::select! {
                biased;
                () = run.lost.cancelled() => return End::Lost,
                left = under_way(&mut self.leaving) => {
                    self.leaving = None;
                    match left {
                        Ok(step) if step.then != crate::task::Then::KeepLease => return self.left(&step),
                        // Declined for the client, or answered in the last moment.
                        Ok(_) | Err(RunError::Unchanged) => {}
                        Err(_) => return End::Lost,
                    }
                }
                // While the end of its wait is written the handler stands still: what it did would be lost.
                turn = self.handler.turn(), if !leaving => match turn {
                    Turn::Ended(result) => return End::Returned(result),
                    Turn::Raised(requests) => {
                        let run = run.clone();
                        let asked = TaskEvent::Asked(requests, self.tasks.node.store_now());
                        self.asking.push(async move { run.settle(asked).await }.boxed());
                        self.wait = Some(Wait::again(self.wait.take(), self.tasks, self.run));
                    }
                },
                Some(asked) = self.asking.next(), if !self.asking.is_empty() => match asked {
                    Ok(_) | Err(RunError::Unchanged) => {}
                    Err(RunError::Lost) => return End::Lost,
                    Err(RunError::KeyReused(key)) => {
                        return End::Returned(Ok(Err(ContextError::KeyReused(key).into())));
                    }
                    Err(RunError::Store(error)) => return End::Refused(error),
                },
                () = under_way(&mut self.reading) => self.reading = None,
                () = run.nudged(), if self.reading.is_none() => {
                    let run = run.clone();
                    self.reading = Some(async move { run.refresh().await }.boxed());
                }
                () = fine => {
                    next_fine = Instant::now() + FINE_PROGRESS_EVERY;
                    run.progress.publish(self.tasks, run.id());
                }
                () = under_way(&mut self.writing) => self.writing = None,
                () = progress, if self.writing.is_none() => {
                    next_progress = Instant::now() + PROGRESS_EVERY;
                    let run = run.clone();
                    self.writing = Some(async move { run.write_progress().await }.boxed());
                }
                () = sleep_until(until), if !leaving => match &self.wait {
                    None => return End::TimedOut,
                    Some(wait) => {
                        let (run, event) = (run.clone(), wait.over(self.tasks));
                        self.leaving = Some(async move { run.settle(event).await }.boxed());
                    }
                },
                () = released.cancelled() => return End::Released,
            }
        }
    }

    /// A stopping node hands back at once what may rerun, for then others go on with it; the rest has the drain period
    /// (contract T13).
    fn released(&self) -> &'a CancellationToken {
        match self.run.policy().rerun {
            Rerun::Always { .. } => &self.tasks.node.stopping,
            Rerun::Never => &self.tasks.node.release,
        }
    }

    fn left(&self, step: &Step) -> End {
        if step.status.is_terminal() { End::Lost } else { End::Parked }
    }

    /// Ends the wait once nothing is open any more; the time it took is given back to the handler.
    fn look_whether_answered(&mut self) {
        if self.asking.is_empty()
            && !self.run.seen().waiting
            && let Some(wait) = self.wait.take()
        {
            self.deadline += wait.since.elapsed();
        }
    }

    fn until(&self) -> Instant {
        match &self.wait {
            None => self.deadline,
            Some(wait) => wait.until(self.tasks, self.run.seen().input_deadline),
        }
    }
}

/// What is under way, or never.
async fn under_way<T>(slot: &mut Option<BoxFuture<'static, T>>) -> T {
    match slot {
        Some(future) => future.await,
        None => pending().await,
    }
}
