//! What is safe to repeat, repeated.

use std::time::{Duration, Instant};

use fastestmcp_core::error::StoreResult;

use crate::halt::Halt;

/// How long a lost connection may take to come back.
const PATIENCE: Duration = Duration::from_secs(5);

/// Repeats `call` while it fails in a way that time heals: a lost connection comes back by itself (G5).
pub(crate) async fn again<T>(mut call: impl AsyncFnMut() -> StoreResult<T>) -> Result<T, Halt> {
    let start = Instant::now();
    loop {
        match call().await {
            Err(error) if error.is_retryable() && start.elapsed() < PATIENCE => {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            result => return Ok(result?),
        }
    }
}
