//! Who uses servers that all data sets share, and who has them alone to restart them.

use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio::time::sleep;

/// How long who wants the servers alone is let go first. Not for ever: a case that has a data set may want another.
const COURTESY: Duration = Duration::from_secs(2);
const LOOK: Duration = Duration::from_millis(5);

#[derive(Default)]
struct Turns {
    sharing: usize,
    waiting: usize,
    alone: bool,
}

static TURNS: Mutex<Turns> = Mutex::new(Turns { sharing: 0, waiting: 0, alone: false });

/// The servers, with others.
pub(crate) struct Share;

/// The servers, alone.
pub(crate) struct Alone;

/// In line for them.
struct Waiting;

impl Share {
    pub(crate) async fn take() -> Self {
        let start = Instant::now();
        loop {
            {
                let mut turns = TURNS.lock();
                if !turns.alone && (turns.waiting == 0 || start.elapsed() > COURTESY) {
                    turns.sharing += 1;
                    return Self;
                }
            }
            sleep(LOOK).await;
        }
    }
}

impl Alone {
    pub(crate) async fn take() -> Self {
        TURNS.lock().waiting += 1;
        let _waiting = Waiting;
        loop {
            {
                let mut turns = TURNS.lock();
                if !turns.alone && turns.sharing == 0 {
                    turns.alone = true;
                    return Self;
                }
            }
            sleep(LOOK).await;
        }
    }

    pub(crate) fn share(self) -> Share {
        TURNS.lock().sharing += 1;
        Share
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        TURNS.lock().sharing -= 1;
    }
}

impl Drop for Alone {
    fn drop(&mut self) {
        TURNS.lock().alone = false;
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        TURNS.lock().waiting -= 1;
    }
}
