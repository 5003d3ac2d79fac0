use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::report::Report;
use crate::context::{ContextError, Host, LogMessage};
use crate::event::{Change, List};
use crate::ids::TaskId;
use crate::runtime::node::Node;
use crate::task::{Progress, TaskEvent};

/// What the context of a plain call rests on: progress and log messages go to the client, and what is recorded stays in memory, or
/// travels with a suspended call.
pub(super) struct CallHost {
    pub(super) node: Arc<Node>,
    pub(super) said: mpsc::Sender<Box<Report>>,
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
        let _ = self.said.try_send(Box::new(Report::Progress(progress)));
    }

    fn log(&self, message: LogMessage) {
        let _ = self.said.try_send(Box::new(Report::Log(message)));
    }

    fn resource_updated(&self, uri: String) {
        self.node.change_announcer.announce(Change::Resource(uri));
    }

    fn list_changed(&self, list: List) {
        self.node.change_announcer.announce(Change::List(list));
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
