use std::collections::VecDeque;

use parking_lot::Mutex;
use tokio::sync::Notify;

use super::read::Answer;
use super::{Event, Offset, TopicRead};

/// Events that wait for one subscriber at most (contract E6).
const ROOM: usize = 256;
/// Events that one read brings of a topic at most: a subscriber may be busy during one read and lose nothing.
pub(super) const AT_ONCE: usize = ROOM / 2;

/// What a subscriber gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// The next event: each at least once from the acknowledged append on, in order, without duplicates.
    Event(Event),
    /// The log may have lost events. Look at the records; what is still in the log follows.
    Gap,
    /// This subscriber was too slow and lost what came while 256 deliveries waited for it. Look at the records; what
    /// comes from now on follows.
    Lagged,
}

/// What waits for one subscriber, and how far the log was read for it.
pub(super) struct Mailbox {
    state: Mutex<State>,
    filled: Notify,
}

struct State {
    waiting: VecDeque<Delivery>,
    /// The offset to read after next.
    place: Offset,
    /// It is still to get what was in the log before, and gets it at its own pace.
    replays: bool,
    /// The last that waits is [`Delivery::Lagged`]. Until the subscriber has it there is no use for more.
    lags: bool,
}

impl Mailbox {
    /// Of a subscriber whose first read had this answer.
    pub(super) fn new(answer: &Answer) -> Self {
        let (TopicRead::Events { next, .. } | TopicRead::Gap { next, .. }) = &answer.read;
        let state = State { waiting: VecDeque::new(), place: *next, replays: true, lags: false };
        let mailbox = Self { state: Mutex::new(state), filled: Notify::new() };
        mailbox.take(answer);
        mailbox
    }

    /// The offset to read after next; `None` while there is no room for what it replays.
    pub(super) fn wants(&self) -> Option<Offset> {
        let state = self.state.lock();
        (!state.replays || state.waiting.len() <= ROOM - AT_ONCE).then_some(state.place)
    }

    /// Takes what was read after the offset that it wanted.
    pub(super) fn take(&self, answer: &Answer) {
        let mut state = self.state.lock();
        match &answer.read {
            TopicRead::Events { items, next } => {
                items.iter().for_each(|event| state.put(Delivery::Event(event.clone())));
                state.place = *next;
                state.replays &= !answer.is_all;
            }
            TopicRead::Gap { next, .. } => {
                if state.waiting.back() != Some(&Delivery::Gap) {
                    state.put(Delivery::Gap);
                }
                state.place = *next;
                state.replays = true;
            }
        }
        if !state.waiting.is_empty() {
            self.filled.notify_one();
        }
    }

    /// The next delivery that waits, and whether there is room for more since.
    pub(super) fn pop(&self) -> Option<(Delivery, bool)> {
        let mut state = self.state.lock();
        let delivery = state.waiting.pop_front()?;
        if delivery == Delivery::Lagged {
            state.lags = false;
        }
        let has_room = state.replays && state.waiting.len() == ROOM - AT_ONCE;
        Some((delivery, has_room))
    }

    /// Resolves when something may wait.
    pub(super) async fn filled(&self) {
        self.filled.notified().await;
    }
}

impl State {
    fn put(&mut self, delivery: Delivery) {
        if self.waiting.len() < ROOM && !self.lags {
            self.waiting.push_back(delivery);
        } else if !self.lags {
            // No room for twice as many.
            self.waiting.reserve_exact(1);
            self.waiting.push_back(Delivery::Lagged);
            self.lags = true;
        }
    }
}
