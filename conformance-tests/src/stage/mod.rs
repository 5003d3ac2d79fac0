//! The whole runtime on the stores of a backend: what the cases about it play on, and the stores that fail on purpose, for
//! tests of other crates too.

mod faulty;
mod people;
mod played;
mod probe;
mod replica;

use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};

pub use faulty::{Fault, Faulty};
pub(crate) use people::{Session, caller, me, user, you};
pub(crate) use played::Played;
pub(crate) use probe::Probe;
pub(crate) use replica::{Casting, GRACE, LEASE, Replica, call, reason, text};

use crate::halt::{CaseResult, Halt};
use crate::scene::Scene;

/// How long a busy machine may take for what should be there at once.
const SLACK: Duration = Duration::from_secs(15);
/// How often it is looked whether something has come to be so.
const LOOK: Duration = Duration::from_millis(5);

/// A data set whose time goes with the runtime's, and the replicas of a server on it.
///
/// In virtual time nothing takes longer than it must, and every bound is exact. Elsewhere only those bounds are that a
/// busy machine cannot break: nothing happens too early.
pub(crate) struct Stage {
    scene: Scene,
    virtual_time: bool,
}

impl Stage {
    pub(crate) async fn open(scene: &Scene) -> Result<Self, Halt> {
        Ok(Self { virtual_time: scene.has_virtual_time(), scene: scene.in_step().await? })
    }

    /// Replica `index` of the server, to be given its components.
    pub(crate) fn replica(&self, index: usize) -> Casting<'_> {
        Casting::new(&self.scene, index)
    }

    /// Skips a case that would take too long where time is real.
    pub(crate) fn needs_virtual_time(&self) -> CaseResult {
        if self.virtual_time { Ok(()) } else { Err(Halt::Skip("it takes long, and time is real here".to_owned())) }
    }

    /// Lets time pass.
    pub(crate) async fn pass(&self, time: Duration) {
        sleep(time).await;
    }

    /// What comes within `bound`; in real time it may be late.
    pub(crate) async fn within<T>(
        &self,
        bound: Duration,
        what: &str,
        future: impl Future<Output = T>,
    ) -> Result<T, Halt> {
        let bound = if self.virtual_time { bound } else { bound + SLACK };
        timeout(bound, future).await.map_err(|_| Halt::Wrong(format!("{what}: not within {bound:?}")))
    }

    /// Something took `time`; in real time it may have been late.
    pub(crate) fn at_most(&self, time: Duration, bound: Duration, what: &str) -> CaseResult {
        let bound = if self.virtual_time { bound } else { bound + SLACK };
        if time <= bound { Ok(()) } else { Err(Halt::Wrong(format!("{what}: after {time:?}, not within {bound:?}"))) }
    }

    /// What comes at some time.
    pub(crate) async fn in_time<T>(&self, what: &str, future: impl Future<Output = T>) -> Result<T, Halt> {
        self.within(SLACK, what, future).await
    }

    /// Waits until it is so, `bound` at most; in real time it may be late. After how long it was.
    pub(crate) async fn until(
        &self,
        bound: Duration,
        what: &str,
        mut holds: impl AsyncFnMut() -> Result<bool, Halt>,
    ) -> Result<Duration, Halt> {
        let start = Instant::now();
        let look = async {
            while !holds().await? {
                sleep(LOOK).await;
            }
            Ok(start.elapsed())
        };
        self.within(bound, what, look).await?
    }
}
