//! The three seams of one server.

use std::fmt;
use std::sync::Arc;

use crate::backend::Backend;
use crate::event::EventLog;
use crate::session::SessionStateStore;
use crate::task::TaskBackend;

/// The seams a runtime works on. Usually one backend serves all three: [`Stores::of`].
#[derive(Clone)]
#[non_exhaustive]
pub struct Stores {
    /// Values, sessions, handles, keys.
    pub sessions: Arc<dyn SessionStateStore>,
    /// Tasks.
    pub tasks: Arc<dyn TaskBackend>,
    /// Events and wake-ups.
    pub events: Arc<dyn EventLog>,
    /// What people call them, in logs: no secret.
    pub name: Option<String>,
}

impl Stores {
    /// All three seams on one backend.
    pub fn of<B: SessionStateStore + TaskBackend + EventLog>(backend: B) -> Self {
        let backend = Arc::new(backend);
        Self { sessions: backend.clone(), tasks: backend.clone(), events: backend, name: None }
    }

    /// Each seam by itself.
    pub fn new(sessions: Arc<dyn SessionStateStore>, tasks: Arc<dyn TaskBackend>, events: Arc<dyn EventLog>) -> Self {
        Self { sessions, tasks, events, name: None }
    }

    /// The same stores under a name for logs.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// The backends behind the seams, each once: usually one serves all three.
    pub fn backends(&self) -> Vec<Arc<dyn Backend>> {
        let all: [Arc<dyn Backend>; 3] = [self.sessions.clone(), self.tasks.clone(), self.events.clone()];
        let address = |backend: &Arc<dyn Backend>| Arc::as_ptr(backend).cast::<()>();
        let mut backends: Vec<Arc<dyn Backend>> = Vec::new();
        for backend in all {
            if !backends.iter().any(|known| address(known) == address(&backend)) {
                backends.push(backend);
            }
        }
        backends
    }

    /// Closes them (contract R7): the last act of a process. Handles that others made are not touched; clones of these
    /// are.
    pub async fn close(&self) {
        for backend in self.backends() {
            if let Err(error) = backend.close().await {
                tracing::error!(%error, "a store was not closed in good order; what was acknowledged is kept");
            }
        }
    }
}

impl fmt::Debug for Stores {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stores")
            .field("name", &self.name)
            .field("sessions", &self.sessions.guarantees())
            .field("tasks", &self.tasks.guarantees())
            .field("events", &self.events.guarantees())
            .finish()
    }
}
