use std::time::{Duration, Instant};

/// How long anything may take that has no better measure.
const PATIENCE: Duration = Duration::from_secs(20);

/// Asks until there is an answer. Processes have clocks of their own, so that nothing but looking again helps.
pub(crate) fn until<T>(what: &str, mut probe: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = probe() {
            return found;
        }
        assert!(start.elapsed() < PATIENCE, "waited in vain: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
