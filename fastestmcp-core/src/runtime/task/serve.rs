//! What is asked of tasks, carried out.

use std::sync::Arc;

use super::owned;
use super::tasks::Tasks;
use super::watch::watch;
use crate::component::Visible;
use crate::operation::{
    CallError, CancelOutcome, CancelTask, FollowProgress, GetTask, ListTasks, ProgressFeed, Request, Requester,
    RunTask, TaskPage, TaskView, TaskWatch, UpdateTask, WatchTask,
};

/// A request, as this node carries it out.
pub(in crate::runtime) trait Serve: Request {
    /// Whether it is about components, so that it must be known which of them the caller may see.
    const IS_OF_COMPONENTS: bool = false;

    /// Whether it can be asked like this. No store is needed to tell.
    fn admit(&self, _: Visible<'_>) -> Result<(), CallError> {
        Ok(())
    }

    fn serve(
        self,
        tasks: &Arc<Tasks>,
        requester: Requester,
    ) -> impl Future<Output = Result<Self::Answer, CallError>> + Send;
}

impl Serve for GetTask {
    async fn serve(self, tasks: &Arc<Tasks>, requester: Requester) -> Result<TaskView, CallError> {
        owned::task(tasks, &requester.caller, &self.id).await
    }
}

impl Serve for ListTasks {
    async fn serve(self, tasks: &Arc<Tasks>, requester: Requester) -> Result<TaskPage, CallError> {
        owned::list(tasks, &requester.caller, self.cursor.as_deref()).await
    }
}

impl Serve for CancelTask {
    async fn serve(self, tasks: &Arc<Tasks>, requester: Requester) -> Result<CancelOutcome, CallError> {
        owned::cancel(tasks, &requester.caller, &self.id).await
    }
}

impl Serve for UpdateTask {
    async fn serve(self, tasks: &Arc<Tasks>, requester: Requester) -> Result<(), CallError> {
        owned::update(tasks, &requester.caller, &self.id, self.answers).await
    }
}

impl Serve for WatchTask {
    async fn serve(self, tasks: &Arc<Tasks>, requester: Requester) -> Result<TaskWatch, CallError> {
        watch(tasks, &requester.caller, &self.id, requester.slots).await
    }
}

impl Serve for FollowProgress {
    async fn serve(self, tasks: &Arc<Tasks>, requester: Requester) -> Result<Option<ProgressFeed>, CallError> {
        owned::follow_progress(tasks, &requester.caller, &self.id).await
    }
}

impl Serve for RunTask {
    /// Runs come from the node's own worker, which carries them out itself.
    async fn serve(self, _: &Arc<Tasks>, _: Requester) -> Result<(), CallError> {
        Err(CallError::InvalidParams("no client runs tasks".to_owned()))
    }
}
