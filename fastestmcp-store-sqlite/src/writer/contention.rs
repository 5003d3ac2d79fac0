use std::time::{Duration, Instant};

/// How long a sign of another writer counts.
const REMEMBERED: Duration = Duration::from_millis(100);
/// How long the lock is left alone after a commit while others want it. Waiters look every 0.2 to 2 ms.
const YIELD: Duration = Duration::from_micros(600);

/// What this writer knows of writers on other connections.
#[derive(Debug, Default)]
pub(crate) struct Contention {
    last_sign: Option<Instant>,
    data_version: Option<i64>,
    attempts: u32,
    seed: u64,
    /// Something was committed since the last pause. Who only found out that it was too late need not wait.
    owes: bool,
}

impl Contention {
    /// The lock was busy: how long to wait before the next try, 0.2 to 2 ms with jitter.
    pub(crate) fn busy(&mut self) -> Duration {
        self.last_sign = Some(Instant::now());
        self.attempts = (self.attempts + 1).min(8);
        let longest = 200 + 225 * u64::from(self.attempts);
        Duration::from_micros(200 + self.random() % (longest - 200 + 1).max(1))
    }

    /// The lock is held; another connection may have committed since it was held last.
    pub(crate) fn locked(&mut self, data_version: i64) {
        self.attempts = 0;
        if self.data_version.replace(data_version).is_some_and(|before| before != data_version) {
            self.last_sign = Some(Instant::now());
        }
    }

    /// Something was committed.
    pub(crate) fn committed(&mut self) {
        self.owes = true;
    }

    /// How long to leave the lock alone after a commit: without it two processes starve each other.
    pub(crate) fn pause(&mut self) -> Option<Duration> {
        let owes = std::mem::take(&mut self.owes);
        self.last_sign.filter(|sign| owes && sign.elapsed() < REMEMBERED).map(|_| YIELD)
    }

    fn random(&mut self) -> u64 {
        if self.seed == 0 {
            self.seed = 0x9E37_79B9_7F4A_7C15 ^ u64::from(std::process::id()).rotate_left(32);
        }
        self.seed ^= self.seed << 13;
        self.seed ^= self.seed >> 7;
        self.seed ^= self.seed << 17;
        self.seed
    }
}
