use std::collections::VecDeque;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

/// How many operations may wait before further ones are refused.
const MAX_WAITING: usize = 1 << 16;

/// Operations waiting for a thread.
#[derive(Debug)]
pub(crate) struct Queue<T> {
    state: Mutex<State<T>>,
    ready: Condvar,
}

#[derive(Debug)]
struct State<T> {
    waiting: VecDeque<T>,
    /// How many must wait before a thread is woken.
    wanted: usize,
    closed: bool,
}

/// Why an operation was not queued.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Refusal {
    Closed,
    Full,
}

/// What a thread that waits finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    Work,
    Nothing,
    /// Closed, and all that waited is done.
    End,
}

impl<T> Queue<T> {
    pub(crate) fn new() -> Self {
        Self { state: Mutex::new(State { waiting: VecDeque::new(), wanted: 1, closed: false }), ready: Condvar::new() }
    }

    pub(crate) fn push(&self, item: T) -> Result<(), Refusal> {
        let mut state = self.state.lock();
        if state.closed {
            return Err(Refusal::Closed);
        }
        if state.waiting.len() >= MAX_WAITING {
            return Err(Refusal::Full);
        }
        state.waiting.push_back(item);
        let enough = state.waiting.len() >= state.wanted;
        drop(state);
        if enough {
            self.ready.notify_one();
        }
        Ok(())
    }

    /// Blocks until there is work, the queue is closed, or `patience` is over.
    pub(crate) fn wait(&self, patience: Duration) -> Found {
        let mut state = self.state.lock();
        if state.waiting.is_empty() && !state.closed {
            self.ready.wait_for(&mut state, patience);
        }
        match (state.waiting.is_empty(), state.closed) {
            (false, _) => Found::Work,
            (true, false) => Found::Nothing,
            (true, true) => Found::End,
        }
    }

    /// Blocks until `count` wait, the queue is closed, or `patience` is over. For a queue that one thread serves.
    pub(crate) fn gather(&self, count: usize, patience: Duration) {
        let deadline = Instant::now() + patience;
        let mut state = self.state.lock();
        state.wanted = count;
        while state.waiting.len() < count && !state.closed {
            if self.ready.wait_until(&mut state, deadline).timed_out() {
                break;
            }
        }
        state.wanted = 1;
    }

    /// Takes up to `at_most` from the front, as long as `suits` says so.
    pub(crate) fn take(&self, at_most: usize, mut suits: impl FnMut(&T) -> bool) -> Vec<T> {
        let mut state = self.state.lock();
        let count = state.waiting.iter().take(at_most).take_while(|item| suits(item)).count();
        state.waiting.drain(..count).collect()
    }

    /// Whether all that wait are so.
    pub(crate) fn all(&self, are: impl FnMut(&T) -> bool) -> bool {
        self.state.lock().waiting.iter().all(are)
    }

    /// Drops what `keep` does not want any more; true if something still waits.
    pub(crate) fn retain(&self, keep: impl FnMut(&T) -> bool) -> bool {
        let mut state = self.state.lock();
        state.waiting.retain(keep);
        !state.waiting.is_empty()
    }

    /// Refuses what comes from now on; what waits is still taken.
    pub(crate) fn close(&self) {
        self.state.lock().closed = true;
        self.ready.notify_all();
    }

    /// Refuses what comes and drops what waits, because nobody will take it.
    pub(crate) fn abandon(&self) {
        let mut state = self.state.lock();
        state.closed = true;
        let dropped = std::mem::take(&mut state.waiting);
        drop(state);
        drop(dropped);
        self.ready.notify_all();
    }
}
