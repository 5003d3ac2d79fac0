//! A caller that loses interest (G6).

use std::future::Future;
use std::pin::pin;
use std::task::Poll;

use futures_util::FutureExt;

/// Starts an operation, polls it `polls` times with other work in between, and drops it.
pub(crate) async fn abandon<F: Future>(operation: F, polls: usize) {
    let mut operation = pin!(operation);
    for _ in 0..polls {
        let ended = std::future::poll_fn(|cx| Poll::Ready(operation.poll_unpin(cx).is_ready())).await;
        if ended {
            return;
        }
        tokio::task::yield_now().await;
    }
}
