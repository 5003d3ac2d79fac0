//! The three seams of one server.

use std::fmt;
use std::sync::Arc;

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
