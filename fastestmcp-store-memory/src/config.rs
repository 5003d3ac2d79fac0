use std::sync::Arc;

use fastestmcp_core::ids::Namespace;
use fastestmcp_core::time::Clock;

/// How to open a [`MemoryStore`](crate::MemoryStore).
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct MemoryConfig {
    /// The namespace of the first handle.
    pub namespace: Namespace,
    /// A clock to use instead of the host's (G2).
    pub clock: Option<Arc<dyn Clock>>,
}

impl MemoryConfig {
    /// Opens at this namespace.
    #[must_use]
    pub fn with_namespace(mut self, namespace: Namespace) -> Self {
        self.namespace = namespace;
        self
    }

    /// Takes the time from this clock.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = Some(clock);
        self
    }
}
