use std::fmt;
use std::sync::Arc;

use crate::outbox::Outbox;

/// Who reads what a request of a session is answered with, for handlers that wait for long:
/// `context.extensions.get::<StreamReader>()`. A client that leaves has cancelled nothing, and may come back on any node.
#[derive(Clone)]
pub struct StreamReader(pub(super) Arc<Outbox>);

impl fmt::Debug for StreamReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StreamReader").finish_non_exhaustive()
    }
}

impl StreamReader {
    /// Resolves when nobody reads any more: the connection has ended, or takes nothing, and nobody has come back. On
    /// another node that may take 40 s to be noticed. Cancel safe.
    pub async fn gone(&self) {
        self.0.gone().await;
    }

    /// Resolves when somebody reads again. Cancel safe.
    pub async fn back(&self) {
        self.0.back().await;
    }
}
