use std::collections::BTreeSet;

use parking_lot::Mutex;

/// What waits to be sent in the background, each once, by one sender at a time. What is put while that sends goes with its next
/// batch.
pub(super) struct Pending<T>(Mutex<State<T>>);

struct State<T> {
    waiting: BTreeSet<T>,
    /// Somebody sends and will look again.
    sending: bool,
}

/// The one who sends. One that panics, because the event log does, leaves its place to the next.
pub(super) struct Sender<'p, T: Ord>(&'p Pending<T>);

impl<T: Ord> Pending<T> {
    pub(super) const fn new() -> Self {
        Self(Mutex::new(State { waiting: BTreeSet::new(), sending: false }))
    }

    /// True if a sender is to be started. What would be more than `most` is lost.
    pub(super) fn put(&self, items: impl IntoIterator<Item = T>, most: usize) -> bool {
        let mut state = self.0.lock();
        for item in items {
            if state.waiting.len() < most {
                state.waiting.insert(item);
            }
        }
        !std::mem::replace(&mut state.sending, true)
    }

    /// To be called once for each time that [`Pending::put`] asked for it.
    pub(super) const fn sender(&self) -> Sender<'_, T> {
        Sender(self)
    }
}

impl<T: Ord> Sender<'_, T> {
    /// What waits now; `None` if nothing does, and then there is no sender any more.
    pub(super) fn next(&self) -> Option<BTreeSet<T>> {
        let mut state = self.0.0.lock();
        if state.waiting.is_empty() {
            state.sending = false;
            return None;
        }
        Some(std::mem::take(&mut state.waiting))
    }
}

impl<T: Ord> Drop for Sender<'_, T> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.0.lock().sending = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;

    #[test]
    fn each_is_sent_once_by_one_sender_and_no_more_wait_than_may() {
        let pending = Pending::new();
        assert!(pending.put([1, 2, 2, 3], 2));
        assert!(!pending.put([1], 2), "there is a sender");
        let sender = pending.sender();
        assert_eq!(sender.next(), Some(BTreeSet::from([1, 2])));
        assert!(!pending.put([4], 2));
        assert_eq!(sender.next(), Some(BTreeSet::from([4])));
        assert_eq!(sender.next(), None);
        assert!(pending.put([5], 2), "there is none any more");
    }

    #[test]
    fn a_sender_that_panics_leaves_its_place_to_the_next() {
        let pending = Pending::new();
        assert!(pending.put([1], 9));
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            let _sender = pending.sender();
            panic!("as asked");
        }));
        assert!(panicked.is_err() && pending.put([2], 9));
    }
}
