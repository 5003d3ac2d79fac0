use std::sync::Weak;
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::Node;

/// The bounds of how often it is looked after what runs here.
const SHORTEST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(10);

/// Holds the sessions that something is open for, ends what is left of those that are gone, and what takes too long.
pub(super) async fn run(node: Weak<Node>, stopping: CancellationToken) {
    let mut held = Instant::now();
    loop {
        let Some(every) = node.upgrade().map(|node| node.every()) else { return };
        tokio::select! {
            () = tokio::time::sleep(every) => {}
            () = stopping.cancelled() => return,
        }
        let Some(node) = node.upgrade() else { return };
        node.exchanges.forget_ended();
        let limit = node.config.longest_call;
        node.exchanges.all().iter().filter(|it| it.began.elapsed() > limit).for_each(|it| it.time_out());
        if held.elapsed() < node.hold_every() {
            continue;
        }
        held = Instant::now();
        for session in node.exchanges.sessions() {
            match node.runtime.sessions().hold(&session).await {
                Ok(true) => {}
                Ok(false) => {
                    if let Err(error) = node.end_everywhere(&session).await {
                        tracing::debug!(%error, "streams of a session that is gone end later");
                    }
                }
                Err(error) => {
                    // Each of the others would wait as long for a store that does not answer.
                    tracing::debug!(%error, "sessions are held later");
                    break;
                }
            }
        }
    }
}

impl Node {
    fn every(&self) -> Duration {
        self.hold_every().min(self.config.longest_call / 10).clamp(SHORTEST, LONGEST)
    }

    /// Often enough that none expires, and no oftener than a touch writes.
    fn hold_every(&self) -> Duration {
        self.runtime.config().session_idle / 10
    }
}
