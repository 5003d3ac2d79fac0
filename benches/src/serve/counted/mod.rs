//! Seams that count how often they are called. A sweep is no call: only the background sweeps.

mod events;
mod sessions;
mod tasks;

use std::sync::Arc;

use fastestmcp::async_trait;
use fastestmcp_core::backend::{Backend, Guarantees, SweepBudget, Swept};
use fastestmcp_core::error::StoreResult;
use fastestmcp_core::time::StoreTime;

use super::calls::Calls;

/// One seam, of which every call is counted.
pub(super) struct Counted<S: ?Sized> {
    pub(super) seam: Arc<S>,
    pub(super) calls: Calls,
}

#[async_trait]
impl<S: Backend + ?Sized> Backend for Counted<S> {
    fn guarantees(&self) -> Guarantees {
        self.seam.guarantees()
    }

    async fn ping(&self) -> StoreResult<StoreTime> {
        self.calls.count("ping");
        self.seam.ping().await
    }

    async fn sweep(&self, budget: SweepBudget) -> StoreResult<Swept> {
        self.seam.sweep(budget).await
    }

    async fn close(&self) -> StoreResult<()> {
        self.seam.close().await
    }
}
