use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use fastestmcp_core::event::{Wake, WakeHub, WakeStream};
use fastestmcp_core::ids::random_bytes;
use parking_lot::{Condvar, Mutex};
use tokio::sync::oneshot;

use crate::error::Failure;
use crate::writer::{WriteOperation, WriteTx};

/// Rows that stay in the table: a handle that is behind by more gets a `Reset`.
const KEPT: i64 = 4096;

/// The wake-ups of one handle: to its own listeners at once, to other handles through a table.
#[derive(Debug)]
pub(crate) struct Wakes {
    /// Tells this handle's rows from others'.
    pub(super) origin: i64,
    listeners: WakeHub,
    /// Sent and not yet in the table.
    pending: Mutex<Pending>,
    hearing: Mutex<Hearing>,
    changed: Condvar,
}

/// The state of the thread that hears other handles.
#[derive(Debug, Default)]
struct Hearing {
    started: bool,
    /// It knows where in the table it stands, so that nothing is missed from here on.
    ready: bool,
    waiting: Vec<oneshot::Sender<()>>,
    closed: bool,
}

#[derive(Debug, Default)]
struct Pending {
    channels: BTreeSet<String>,
    queued: bool,
}

impl Wakes {
    pub(crate) fn new() -> Self {
        Self {
            origin: random_bytes().map_or(i64::from(std::process::id()), i64::from_be_bytes),
            listeners: WakeHub::new(),
            pending: Mutex::default(),
            hearing: Mutex::default(),
            changed: Condvar::new(),
        }
    }

    /// Wakes this handle's listeners; true if the table should hear of it, too, and nobody is on the way there yet.
    pub(super) fn announce(&self, channels: &[String]) -> bool {
        for channel in channels {
            self.tell(Wake::Channel(channel.clone()));
        }
        let mut pending = self.pending.lock();
        pending.channels.extend(channels.iter().cloned());
        !channels.is_empty() && !std::mem::replace(&mut pending.queued, true)
    }

    fn take_pending(&self) -> BTreeSet<String> {
        let mut pending = self.pending.lock();
        pending.queued = false;
        std::mem::take(&mut pending.channels)
    }

    pub(super) fn tell(&self, wake: Wake) {
        self.listeners.tell(wake);
    }

    pub(super) fn subscribe(&self) -> WakeStream {
        self.listeners.listen()
    }

    /// True for the one caller that must start the thread.
    pub(crate) fn claim_hearing(&self) -> bool {
        !std::mem::replace(&mut self.hearing.lock().started, true)
    }

    /// Arrives when the thread hears. The thread is awake from here on, since somebody listens now.
    pub(crate) fn heard(&self) -> oneshot::Receiver<()> {
        let (hears, heard) = oneshot::channel();
        let mut hearing = self.hearing.lock();
        if hearing.ready {
            let _ = hears.send(());
        } else {
            hearing.waiting.push(hears);
        }
        drop(hearing);
        self.changed.notify_all();
        heard
    }

    pub(super) fn now_hearing(&self) {
        let mut hearing = self.hearing.lock();
        hearing.ready = true;
        for hears in hearing.waiting.drain(..) {
            let _ = hears.send(());
        }
    }

    /// Blocks the thread for `interval`, or until somebody listens; false once the store is closed.
    pub(super) fn rest(&self, interval: Duration) -> bool {
        let mut hearing = self.hearing.lock();
        if !hearing.closed {
            self.changed.wait_for(&mut hearing, interval);
        }
        while !hearing.closed && self.listeners.listeners() == 0 {
            self.changed.wait(&mut hearing);
        }
        !hearing.closed
    }

    /// Ends the thread; who still waits for it is told by the dropped sender.
    pub(crate) fn close(&self) {
        let mut hearing = self.hearing.lock();
        (hearing.closed, hearing.started) = (true, true);
        hearing.waiting.clear();
        drop(hearing);
        self.changed.notify_all();
    }
}

/// Puts what is pending into the table.
#[derive(Debug)]
pub(super) struct Announce {
    wakes: Arc<Wakes>,
    channels: BTreeSet<String>,
}

impl Announce {
    pub(super) fn new(wakes: Arc<Wakes>) -> Self {
        Self { wakes, channels: BTreeSet::new() }
    }
}

impl Drop for Announce {
    /// If it never ran, the next announcement must be queued again.
    fn drop(&mut self) {
        if self.channels.is_empty() {
            self.wakes.pending.lock().queued = false;
        }
    }
}

impl WriteOperation for Announce {
    type Answer = ();
    const NAME: &'static str = "wake";
    /// Hints may be lost.
    const DURABLE: bool = false;

    fn apply(&mut self, tx: &WriteTx<'_>) -> Result<(), Failure> {
        self.channels.append(&mut self.wakes.take_pending());
        let mut insert = tx.statement(include_str!("../../sql/wake_insert.sql"))?;
        let mut last: i64 = 0;
        for channel in &self.channels {
            last = insert.insert((tx.namespace, self.wakes.origin, channel.as_bytes()))?;
        }
        tx.statement(include_str!("../../sql/wake_trim.sql"))?.execute([last - KEPT])?;
        Ok(())
    }
}
