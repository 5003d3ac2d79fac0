use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::mpsc;

use crate::ids::TaskId;

/// Changes that may wait for who follows a session; what comes on top is lost.
const WAITING: usize = 64;

/// Who on this node wants to hear when the status of a task of a session changes.
#[derive(Default)]
pub(crate) struct SessionTasksHub(Mutex<Followers>);

#[derive(Default)]
struct Followers {
    by_session: HashMap<String, Vec<(u64, mpsc::Sender<TaskId>)>>,
    next: u64,
}

impl SessionTasksHub {
    pub(crate) fn follow(self: &Arc<Self>, session: &str) -> SessionTasks {
        let (sender, changed) = mpsc::channel(WAITING);
        let mut followers = self.0.lock();
        followers.next += 1;
        let number = followers.next;
        followers.by_session.entry(session.to_owned()).or_default().push((number, sender));
        SessionTasks { hub: self.clone(), session: session.to_owned(), number, changed }
    }

    pub(super) fn changed(&self, session: &str, id: &TaskId) {
        for (_, follower) in self.0.lock().by_session.get(session).into_iter().flatten() {
            let _ = follower.try_send(id.clone());
        }
    }
}

/// The tasks of one session whose status changes, wherever they run. It is a hint: some changes may be told twice, and some
/// are lost, with a wake-up or to one who is slow. Whoever must know asks for the task.
pub struct SessionTasks {
    hub: Arc<SessionTasksHub>,
    session: String,
    number: u64,
    changed: mpsc::Receiver<TaskId>,
}

impl fmt::Debug for SessionTasks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionTasks").finish_non_exhaustive()
    }
}

impl SessionTasks {
    /// The next one. Cancel safe.
    pub async fn next(&mut self) -> TaskId {
        match self.changed.recv().await {
            Some(id) => id,
            // The hub outlives it.
            None => std::future::pending().await,
        }
    }
}

impl Drop for SessionTasks {
    fn drop(&mut self) {
        let mut followers = self.hub.0.lock();
        if let Some(of_session) = followers.by_session.get_mut(&self.session) {
            of_session.retain(|(number, _)| *number != self.number);
            if of_session.is_empty() {
                followers.by_session.remove(&self.session);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_follows_a_session_hears_of_its_tasks_and_leaves_nothing_behind() {
        let hub = Arc::new(SessionTasksHub::default());
        let (mut mine, mut too, other) = (hub.follow("a"), hub.follow("a"), hub.follow("b"));
        hub.changed("a", &TaskId::new("1"));
        assert_eq!((mine.next().await, too.next().await), (TaskId::new("1"), TaskId::new("1")));
        for _ in 0..10 * WAITING {
            hub.changed("b", &TaskId::new("2"));
        }
        assert!(other.changed.len() == WAITING && mine.changed.is_empty());
        drop((mine, other));
        assert_eq!(hub.0.lock().by_session.keys().collect::<Vec<_>>(), ["a"]);
        drop(too);
        assert!(hub.0.lock().by_session.is_empty());
    }
}
