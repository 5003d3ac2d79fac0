use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::task::JoinHandle;

use super::Node;

/// The pause before work that panicked goes on.
const PAUSE: Duration = Duration::from_secs(1);

/// Does a part of the node's work in the background until it returns. A panic in it, a backend's for instance, costs a
/// second and not the node (contract R3).
pub(in crate::runtime) fn supervise<F>(
    node: &Arc<Node>,
    what: &'static str,
    work: impl Fn() -> F + Send + 'static,
) -> JoinHandle<()>
where
    F: Future<Output = ()> + Send + 'static,
{
    let stopped = node.stopped.clone();
    node.background.spawn(async move {
        while AssertUnwindSafe(work()).catch_unwind().await.is_err() {
            tracing::error!(what, "a part of the node panicked and goes on in a second");
            tokio::select! {
                () = tokio::time::sleep(PAUSE) => {}
                () = stopped.cancelled() => return,
            }
        }
    })
}
