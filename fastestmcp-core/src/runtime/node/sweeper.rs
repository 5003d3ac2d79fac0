//! Removes expired data in small steps. Correctness never depends on it (contract G14).

use std::sync::Arc;
use std::time::Duration;

use super::Node;
use crate::backend::{Backend, SweepBudget};

/// Sweeps every backend of the runtime, each once, until everything has ended.
pub(in crate::runtime) async fn sweep(node: Arc<Node>) {
    let backends = node.stores.backends();
    loop {
        // Nodes that started together do not sweep together.
        let jitter = crate::ids::random_bytes::<1>().map_or(0, |[byte]| u32::from(byte));
        let pause = node.config.sweep_every + node.config.sweep_every * jitter / 1_024;
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = node.stopped.cancelled() => return,
        }
        for backend in &backends {
            sweep_one(&node, &**backend).await;
        }
    }
}

async fn sweep_one(node: &Node, backend: &dyn Backend) {
    loop {
        match backend.sweep(SweepBudget::default()).await {
            Ok(swept) if swept.more && !node.stopped.is_cancelled() => {
                // Room for traffic between steps.
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            Ok(_) => return,
            Err(error) => {
                tracing::debug!(%error, "a sweep failed");
                return;
            }
        }
    }
}
