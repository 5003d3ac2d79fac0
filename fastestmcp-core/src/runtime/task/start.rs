//! The beginning and the end of what a node does with tasks in the background.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

use super::tasks::Tasks;
use super::{hold, lease, wake, worker};
use crate::runtime::node::supervise;

/// How long the last writes of a stopping node may take.
const LAST_WRITES: Duration = Duration::from_secs(5);

impl Tasks {
    /// Starts to listen for wake-ups, to renew leases, and to claim and run tasks.
    pub(crate) fn start(self: &Arc<Self>) {
        let node = &self.node;
        let tasks = || self.clone();
        let (wakes, waits, leases, holds, claims) = (tasks(), tasks(), tasks(), tasks(), tasks());
        supervise(node, "wake-ups", move || wake::listen(wakes.clone()));
        supervise(node, "waits", move || wake::poll(waits.clone()));
        supervise(node, "lease renewal", move || lease::renew_leases(leases.clone()));
        supervise(node, "session holds", move || hold::hold_sessions(holds.clone()));
        *self.claimer.lock() = Some(supervise(node, "claims", move || worker::work(claims.clone())));
    }

    /// Claims nothing more, hands back at once what may rerun, lets the rest finish for the drain period and then fails it
    /// (contract T13). The node is stopping already.
    pub(crate) async fn drain(&self) {
        let node = &self.node;
        // First of all: what a claim still brings is handed back with the rest.
        let claimer = self.claimer.lock().take();
        if let Some(claimer) = claimer
            && timeout(node.config.drain + LAST_WRITES, claimer).await.is_err()
        {
            tracing::error!("a claim did not end: what it brings is left to its lease");
        }
        let all = u32::try_from(node.config.worker_slots).unwrap_or(u32::MAX);
        let idle = || self.slots.acquire_many(all);
        if timeout(node.config.drain, idle()).await.is_err() {
            node.release.cancel();
            if timeout(node.config.grace + LAST_WRITES, idle()).await.is_err() {
                tracing::error!("some tasks did not end and are left to their leases");
            }
        }
    }
}
