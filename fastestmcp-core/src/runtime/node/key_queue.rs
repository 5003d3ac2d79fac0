use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::OwnedMutexGuard;

use crate::session::Scope;

type Key = (Scope, String);
type Lane = Arc<tokio::sync::Mutex<()>>;

/// Writers of one key on this node, one after the other, so that they cost each other no failed attempt (contract C4).
#[derive(Debug, Default)]
pub(crate) struct KeyQueue(Mutex<HashMap<Key, Lane>>);

impl KeyQueue {
    /// Waits until nobody else on this node updates the key. Who gives up leaves nothing behind.
    pub(crate) async fn wait(self: &Arc<Self>, scope: &Scope, key: &str) -> Turn {
        let place = Place { queue: self.clone(), key: (scope.clone(), key.to_owned()) };
        let lane = self.0.lock().entry(place.key.clone()).or_default().clone();
        Turn { guard: Some(lane.lock_owned().await), _place: place }
    }
}

/// A writer's turn; the next one's begins when it is dropped.
pub(crate) struct Turn {
    guard: Option<OwnedMutexGuard<()>>,
    _place: Place,
}

impl Drop for Turn {
    fn drop(&mut self) {
        // Before the place, which looks whether anybody is left.
        self.guard = None;
    }
}

struct Place {
    queue: Arc<KeyQueue>,
    key: Key,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut lanes = self.queue.0.lock();
        // Every waiter and the one whose turn it is hold the lane, too.
        if lanes.get(&self.key).is_some_and(|lane| Arc::strong_count(lane) == 1) {
            lanes.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::ScopeKind;

    #[tokio::test]
    async fn writers_of_one_key_take_turns_and_leave_nothing_behind() {
        let queue = Arc::new(KeyQueue::default());
        let scope = Scope::new(ScopeKind::Session, "s");
        let first = queue.wait(&scope, "k").await;
        let other = queue.wait(&scope, "other").await;
        let waits = |queue: &Arc<KeyQueue>| {
            let (queue, scope) = (queue.clone(), scope.clone());
            async move { drop(queue.wait(&scope, "k").await) }
        };
        let second = tokio::spawn(waits(&queue));
        let third = tokio::time::timeout(std::time::Duration::from_millis(20), waits(&queue));
        assert!(third.await.is_err(), "it waits for its turn, and gives up");
        assert!(!second.is_finished());
        drop((first, other));
        second.await.unwrap();
        assert!(queue.0.lock().is_empty());
    }
}
