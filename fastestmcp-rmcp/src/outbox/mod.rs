//! What one POST is answered with: written by its drive, read by the body of its response.
//!
//! While it is read it is in memory, bounded. When its reader is gone, or too slow, it goes to a topic of the log, from
//! where any node continues it. A reader that is in time costs the log nothing.

mod message;
mod spill;

pub(crate) use message::Message;
pub(crate) use spill::Spill;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::Instant;

/// Messages and bytes that a reader may be behind before the handler waits for it, and how long it waits for one that takes
/// nothing.
const BEHIND: usize = 64;
const BEHIND_BYTES: usize = 256 << 10;
const STALLED: Duration = Duration::from_secs(2);
/// Behind by this, where the handler does not wait for what it sends, a reader is too slow at once.
const FAR_BEHIND: usize = 4096;
const FAR_BEHIND_BYTES: usize = 4 << 20;
/// How long a reader of the log that is not heard of is taken to be there: it says so several times in this.
const UNHEARD: Duration = Duration::from_secs(40);
/// Messages that are kept after they were read, for a reader that comes back.
const KEPT: usize = 32;

pub(crate) struct Outbox {
    spill: Spill,
    state: Mutex<State>,
    readable: Notify,
    taken: Notify,
    spillable: Notify,
    spilled: Notify,
    /// Somebody came to read, or left.
    moved: Notify,
}

#[derive(Default)]
struct State {
    /// What is kept, in order. The last is the newest that was written.
    messages: VecDeque<Message>,
    written: u64,
    read: u64,
    behind_bytes: usize,
    /// The client was given ids, so it can come back.
    is_resumable: bool,
    /// Nobody reads here: the rest goes to the log.
    no_reader: bool,
    /// When a reader of the log last said that it waits for it.
    wanted: Option<Instant>,
    spills: bool,
    /// The last message was written.
    is_done: bool,
}

impl State {
    fn is_behind(&self, messages: usize, bytes: usize) -> bool {
        let behind = usize::try_from(self.written - self.read).unwrap_or(usize::MAX);
        !self.no_reader && (behind > messages || self.behind_bytes > bytes)
    }

    fn is_attended(&self) -> bool {
        !self.no_reader || self.wanted.is_some_and(|wanted| wanted.elapsed() < UNHEARD)
    }

    /// The number of the first message that is kept.
    fn first(&self) -> u64 {
        self.messages.front().map_or(self.written + 1, |message| message.number)
    }
}

impl Outbox {
    pub(crate) fn new(spill: Spill) -> Arc<Self> {
        Arc::new(Self {
            spill,
            state: Mutex::default(),
            readable: Notify::new(),
            taken: Notify::new(),
            spillable: Notify::new(),
            spilled: Notify::new(),
            moved: Notify::new(),
        })
    }

    /// The number of its exchange.
    pub(crate) fn exchange(&self) -> u64 {
        self.spill.exchange
    }

    /// Never waits. Nothing follows the last one.
    pub(crate) fn push(self: &Arc<Self>, data: Bytes, is_last: bool) {
        let mut state = self.state.lock();
        if state.is_done {
            return;
        }
        state.is_done = is_last;
        state.written += 1;
        state.behind_bytes += data.len();
        let number = state.written;
        state.messages.push_back(Message { number, data, is_last });
        if state.is_resumable && state.is_behind(FAR_BEHIND, FAR_BEHIND_BYTES) {
            state.no_reader = true;
        }
        self.settle(&mut state);
    }

    /// Waits for a reader that is in time, briefly for one that stalls, who is left to the log then, and for the log. Only
    /// the handler of this one message waits here.
    pub(crate) async fn has_room(self: &Arc<Self>) {
        loop {
            let (taken, spilled) = (self.taken.notified(), self.spilled.notified());
            let read = {
                let state = self.state.lock();
                if state.is_done {
                    return;
                }
                if state.no_reader {
                    if !state.spills || state.messages.len() <= BEHIND {
                        return;
                    }
                    None
                } else if state.is_behind(BEHIND, BEHIND_BYTES) {
                    Some(state.read)
                } else {
                    return;
                }
            };
            let Some(read) = read else {
                spilled.await;
                continue;
            };
            let is_stalled = tokio::time::timeout(STALLED, taken).await.is_err();
            let mut state = self.state.lock();
            if is_stalled && state.read == read && state.is_resumable {
                state.no_reader = true;
                self.settle(&mut state);
            }
        }
    }

    /// From here on the client knows ids.
    pub(crate) fn make_resumable(&self) {
        self.state.lock().is_resumable = true;
    }

    /// The next message; `None` after the last, and for a reader that was too slow. Cancel safe.
    pub(crate) async fn next(&self) -> Option<Message> {
        loop {
            {
                let mut state = self.state.lock();
                if state.no_reader {
                    return None;
                }
                if state.read < state.written {
                    let index = usize::try_from(state.read + 1 - state.first()).ok()?;
                    let message = state.messages.get(index).cloned()?;
                    state.read += 1;
                    state.behind_bytes = state.behind_bytes.saturating_sub(message.data.len());
                    self.taken.notify_waiters();
                    return Some(message);
                }
                if state.is_done {
                    return None;
                }
            }
            self.readable.notified().await;
        }
    }

    /// Its reader is gone.
    pub(crate) fn detach(self: &Arc<Self>) {
        let mut state = self.state.lock();
        state.no_reader = true;
        self.settle(&mut state);
    }

    /// Another one reads from the log, also what the first one seemed to have taken.
    pub(crate) fn resume(self: &Arc<Self>) {
        let mut state = self.state.lock();
        state.no_reader = true;
        state.wanted = Some(Instant::now());
        self.settle(&mut state);
    }

    /// Resolves when nobody reads any more, here or from the log.
    pub(crate) async fn gone(&self) {
        self.until(false).await;
    }

    /// Resolves when somebody reads again.
    pub(crate) async fn back(&self) {
        self.until(true).await;
    }

    async fn until(&self, is_attended: bool) {
        loop {
            let moved = self.moved.notified();
            let wanted = {
                let state = self.state.lock();
                if state.is_attended() == is_attended {
                    return;
                }
                state.wanted
            };
            match wanted.filter(|_| !is_attended) {
                // Who reads from the log is heard of again and again.
                Some(wanted) => drop(tokio::time::timeout_at(wanted + UNHEARD, moved).await),
                None => moved.await,
            }
        }
    }

    /// Bytes to keep for a while after its end, for a client that did not get what was written: 0 if it cannot ask for
    /// them, or if they are in the log.
    pub(crate) fn kept_bytes(&self) -> usize {
        let state = self.state.lock();
        let is_kept = state.is_resumable && !state.spills;
        if is_kept { state.messages.iter().map(|message| message.data.len() + size_of::<Message>()).sum() } else { 0 }
    }

    /// Whether its reader, if there is one, has taken all there is.
    pub(crate) fn is_read(&self) -> bool {
        let state = self.state.lock();
        state.no_reader || state.read == state.written
    }

    /// Whether everything that somebody may still want is in the log.
    pub(crate) fn is_settled(&self) -> bool {
        let state = self.state.lock();
        !state.is_resumable
            || (state.no_reader && state.messages.is_empty())
            || (state.is_done && state.read == state.written)
    }

    fn settle(self: &Arc<Self>, state: &mut State) {
        if !state.no_reader {
            while state.messages.len() > KEPT && state.first() <= state.read {
                state.messages.pop_front();
            }
        } else if !state.is_resumable {
            // Nobody can ask for it.
            state.messages.clear();
        } else if !state.spills && (state.wanted.is_some() || !(state.is_done && state.read == state.written)) {
            state.spills = true;
            tokio::spawn(spill::run(self.clone()));
        }
        self.readable.notify_one();
        self.taken.notify_waiters();
        self.spillable.notify_one();
        self.moved.notify_waiters();
    }
}

/// Says that nobody reads when it is dropped, by the end of the response or by its client.
pub(crate) struct Reading(pub(crate) Arc<Outbox>);

impl Drop for Reading {
    fn drop(&mut self) {
        self.0.detach();
    }
}
