use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

use crate::error::{StoreError, StoreErrorKind};

/// Tells the operator once when the store stops answering and once when it answers again, however many calls fail in
/// between.
#[derive(Debug, Default)]
pub(crate) struct Health(Mutex<Option<Instant>>);

impl Health {
    pub(crate) fn failed(&self, error: &StoreError) {
        let away =
            matches!(error.kind, StoreErrorKind::Unavailable | StoreErrorKind::Timeout | StoreErrorKind::StorageFull);
        if !away {
            return;
        }
        let mut since = self.0.lock();
        if since.is_none() {
            *since = Some(Instant::now());
            tracing::warn!(%error, "the store does not answer; running tasks wait for it");
        }
    }

    pub(crate) fn answered(&self) {
        let since = self.0.lock().take();
        if let Some(away) = since.map(|since| since.elapsed()) {
            let away = Duration::from_millis(u64::try_from(away.as_millis()).unwrap_or(u64::MAX));
            tracing::info!(?away, "the store answers again");
        }
    }
}
