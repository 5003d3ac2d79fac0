//! What a session is told of its tasks on its standalone stream: `notifications/tasks/status`.

use std::collections::VecDeque;
use std::sync::Arc;

use fastestmcp_core::context::{Caller, NoClient};
use fastestmcp_core::ids::TaskId;
use fastestmcp_core::operation::{GetTask, TaskView};
use fastestmcp_core::runtime::{Runtime, SessionTasks};
use fastestmcp_core::session::Version;
use fastestmcp_rmcp::Session;
use futures_util::{Stream, stream};
use rmcp::model::ServerNotification;

use crate::era2025;
use crate::telemetry::{Refused, TARGET};

/// Changes that are remembered, so that one that is heard of twice is told once.
const REMEMBERED: usize = 64;

struct TaskNews {
    runtime: Runtime,
    caller: Caller,
    changed: SessionTasks,
    told: VecDeque<(TaskId, Version)>,
}

/// Each change of the status of a task of the session, wherever it runs.
pub(super) fn task_news(
    runtime: &Runtime,
    session: &Session,
) -> impl Stream<Item = ServerNotification> + Send + 'static {
    let changed = runtime.session_tasks(session.digest());
    let news = TaskNews { runtime: runtime.clone(), caller: session.caller().clone(), changed, told: VecDeque::new() };
    stream::unfold(news, async |mut news| Some((news.next().await, news)))
}

impl TaskNews {
    async fn next(&mut self) -> ServerNotification {
        loop {
            let id = self.changed.next().await;
            match self.runtime.handle(GetTask::new(id), self.caller.clone(), Arc::new(NoClient)).await {
                Ok(task) if self.is_news(&task) => return era2025::status(&task),
                Ok(_) => {}
                Err(error) => {
                    tracing::debug!(target: TARGET, error = %Refused(&error), "a change of a task is not told")
                }
            }
        }
    }

    fn is_news(&mut self, task: &TaskView) -> bool {
        let change = (task.id.clone(), task.version);
        if self.told.contains(&change) {
            return false;
        }
        if self.told.len() == REMEMBERED {
            self.told.pop_front();
        }
        self.told.push_back(change);
        true
    }
}
