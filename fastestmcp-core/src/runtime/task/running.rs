use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;

use super::run::TaskRun;
use crate::ids::TaskId;

/// The tasks this node runs.
#[derive(Default)]
pub(crate) struct RunningTasks(Mutex<HashMap<TaskId, Arc<TaskRun>>>);

impl RunningTasks {
    /// Adds a run, in the place of an earlier one of the same task. The run leaves the table with the guard, however its
    /// handler ends: nobody renews the lease of what does not run.
    pub(super) fn add(self: &Arc<Self>, run: Arc<TaskRun>) -> Registered {
        self.0.lock().insert(run.id().clone(), run.clone());
        Registered { table: self.clone(), run }
    }

    pub(super) fn get(&self, id: &TaskId) -> Option<Arc<TaskRun>> {
        self.0.lock().get(id).cloned()
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

    pub(super) fn all(&self) -> Vec<Arc<TaskRun>> {
        self.0.lock().values().cloned().collect()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.lock().is_empty()
    }
}

/// A run in the table.
pub(super) struct Registered {
    table: Arc<RunningTasks>,
    run: Arc<TaskRun>,
}

impl Drop for Registered {
    fn drop(&mut self) {
        let mut running = self.table.0.lock();
        // Unless the task was claimed again here meanwhile.
        if running.get(self.run.id()).is_some_and(|known| Arc::ptr_eq(known, &self.run)) {
            running.remove(self.run.id());
        }
        drop(running);
        self.run.ended.cancel();
    }
}
