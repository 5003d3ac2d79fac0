use async_trait::async_trait;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::context::{ContextError, Host};
use crate::ids::TaskId;
use crate::task::{Progress, TaskEvent};

/// What the context of a plain call rests on: progress goes to the client, and what is recorded stays in memory, or
/// travels with a suspended call.
pub(super) struct CallHost {
    pub(super) progress: mpsc::Sender<Progress>,
    /// Turns the call into a task; only where it may become one.
    pub(super) detach: Option<CancellationToken>,
}

#[async_trait]
impl Host for CallHost {
    fn task_id(&self) -> Option<&TaskId> {
        None
    }

    fn progress(&self, progress: Progress) {
        // A client that does not keep up misses some: progress is a hint.
        let _ = self.progress.try_send(progress);
    }

    async fn record(&self, _: TaskEvent) -> Result<(), ContextError> {
        Ok(())
    }

    async fn detach(&self) {
        if let Some(detach) = &self.detach {
            detach.cancel();
            std::future::pending::<()>().await;
        }
    }
}
