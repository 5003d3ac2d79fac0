use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::join3;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

use crate::Stores;
use crate::backend::Backend;

/// How old an answer may be.
const FRESH: Duration = Duration::from_secs(1);
/// How long a store may take. It has a deadline of its own, which is above what those who probe a server wait for.
const PATIENCE: Duration = Duration::from_secs(2);

/// Whether the stores answer. They are asked once a second at most, however many ask here.
#[derive(Debug, Default)]
pub(crate) struct Readiness(Mutex<Option<(Instant, bool)>>);

impl Readiness {
    pub(crate) async fn of(&self, stores: &Stores) -> bool {
        let mut last = self.0.lock().await;
        if let Some((_, is_ready)) = last.filter(|(at, _)| at.elapsed() < FRESH) {
            return is_ready;
        }
        let all = join3(answers(&*stores.sessions), answers(&*stores.tasks), answers(&*stores.events)).await;
        let is_ready = all == (true, true, true);
        *last = Some((Instant::now(), is_ready));
        is_ready
    }
}

async fn answers<B: Backend + ?Sized>(store: &B) -> bool {
    let ping = AssertUnwindSafe(async { store.ping().await }).catch_unwind();
    match timeout(PATIENCE, ping).await {
        Ok(Ok(Ok(_))) => true,
        Ok(Ok(Err(error))) => {
            tracing::debug!(%error, "not ready");
            false
        }
        Ok(Err(_)) | Err(_) => {
            tracing::debug!("not ready: a store panicked, or did not answer");
            false
        }
    }
}
