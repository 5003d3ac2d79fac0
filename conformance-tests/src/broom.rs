//! Sweeping, the same for every seam (G14).

use std::sync::Arc;

use fastestmcp_core::backend::{Backend, SweepBudget};

use crate::halt::Halt;
use crate::scene::Scene;

/// Sweeps until nothing more is to be removed; how much was.
pub(crate) async fn sweep_all<B: Backend + ?Sized>(
    scene: &Scene,
    backend: &Arc<B>,
    budget: SweepBudget,
) -> Result<u64, Halt> {
    let mut removed = 0;
    for _ in 0..10_000 {
        let swept = backend.sweep(budget).await?;
        removed += swept.removed;
        let within = swept.removed <= budget.max_rows as u64;
        scene.check(within, || format!("{} removed under a budget of {} rows", swept.removed, budget.max_rows));
        if !swept.more {
            return Ok(removed);
        }
    }
    Err(Halt::Wrong("sweeping did not come to an end within 10,000 steps".to_owned()))
}

/// Sweeps from every node at once until nothing more is to be removed; how much was, over all.
pub(crate) async fn sweep_together<B: Backend + ?Sized>(
    backends: Vec<Arc<B>>,
    budget: SweepBudget,
) -> Result<u64, Halt> {
    let mut sweeping = Vec::new();
    for backend in backends {
        sweeping.push(tokio::spawn(async move {
            let mut removed = 0;
            for _ in 0..10_000 {
                let swept = backend.sweep(budget).await?;
                removed += swept.removed;
                if !swept.more {
                    return Ok::<_, Halt>(removed);
                }
            }
            Err(Halt::Wrong("sweeping did not come to an end within 10,000 steps".to_owned()))
        }));
    }
    let mut removed = 0;
    for one in sweeping {
        removed += one.await.map_err(|error| Halt::Wrong(error.to_string()))??;
    }
    Ok(removed)
}
