use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;

use super::run::TaskRun;
use crate::ids::TaskId;

/// The tasks this node runs.
#[derive(Default)]
pub(crate) struct RunningTasks(Mutex<HashMap<TaskId, Arc<TaskRun>>>);

impl RunningTasks {
    pub(crate) fn add(&self, run: Arc<TaskRun>) {
        self.0.lock().insert(run.id().clone(), run);
    }

    /// Forgets a run, unless the task was claimed again here meanwhile.
    pub(crate) fn remove(&self, run: &Arc<TaskRun>) {
        let mut running = self.0.lock();
        if running.get(run.id()).is_some_and(|known| Arc::ptr_eq(known, run)) {
            running.remove(run.id());
        }
    }

    /// Tells a run that its record may have changed.
    pub(crate) fn nudge(&self, id: &TaskId) {
        if let Some(run) = self.0.lock().get(id) {
            run.nudge();
        }
    }

    pub(crate) fn nudge_all(&self) {
        self.0.lock().values().for_each(|run| run.nudge());
    }

    pub(crate) fn all(&self) -> Vec<Arc<TaskRun>> {
        self.0.lock().values().cloned().collect()
    }
}
