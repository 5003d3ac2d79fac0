use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How often it is looked.
const BEAT: Duration = Duration::from_millis(20);
/// How late a timer is at most on a machine that keeps up.
const LATE: Duration = Duration::from_millis(150);

/// Whether the machine kept up with a case whose times are real: a case that failed while it did not proves nothing.
#[derive(Debug, Default)]
pub(crate) struct Pulse(AtomicBool);

impl Pulse {
    /// Looks until it is dropped.
    pub(crate) async fn watch(&self) {
        loop {
            let before = Instant::now();
            tokio::time::sleep(BEAT).await;
            if before.elapsed() > BEAT + LATE {
                self.0.store(true, Ordering::SeqCst);
            }
        }
    }

    /// Whether the machine ever stood still.
    pub(crate) fn has_missed(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_thread_that_is_held_up_is_noticed() {
        let pulse = Pulse::default();
        let held_up = async {
            tokio::time::sleep(BEAT / 2).await;
            std::thread::sleep(2 * (BEAT + LATE));
            tokio::time::sleep(BEAT).await;
        };
        tokio::select! {
            () = pulse.watch() => {}
            () = held_up => {}
        }
        assert!(pulse.has_missed());
    }
}
