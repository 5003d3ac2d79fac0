use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::Notify;

use super::Offset;
use super::mailbox::Mailbox;

/// Who on this node listens to which topic, and which topics are to be read.
#[derive(Default)]
pub(super) struct Listeners {
    state: Mutex<State>,
    due: Notify,
    deserted: Notify,
}

#[derive(Default)]
struct State {
    topics: HashMap<Arc<str>, Topic>,
    /// What is to be read, first come, first served. May name topics that nobody listens to any more.
    due: VecDeque<Arc<str>>,
    /// There is a reader.
    is_read: bool,
}

#[derive(Default)]
struct Topic {
    mailboxes: Vec<Arc<Mailbox>>,
    is_due: bool,
}

/// What the log is asked, and for whom: the answer is theirs and nobody else's.
pub(super) struct Question {
    pub(super) topic: Arc<str>,
    pub(super) after: Offset,
    pub(super) audience: Vec<Arc<Mailbox>>,
}

impl Listeners {
    /// From now on the mailbox gets what comes after its place. True if a reader is to be started.
    pub(super) fn join(&self, topic: &str, mailbox: Arc<Mailbox>) -> bool {
        let mut state = self.state.lock();
        state.topics.entry(topic.into()).or_default().mailboxes.push(mailbox);
        // What was appended since its place was read may have been announced already.
        state.mark(topic);
        self.due.notify_one();
        !std::mem::replace(&mut state.is_read, true)
    }

    pub(super) fn leave(&self, topic: &str, mailbox: &Arc<Mailbox>) {
        let mut state = self.state.lock();
        let Some(entry) = state.topics.get_mut(topic) else { return };
        entry.mailboxes.retain(|other| !Arc::ptr_eq(other, mailbox));
        if entry.mailboxes.is_empty() {
            state.topics.remove(topic);
        }
        if state.topics.is_empty() {
            self.deserted.notify_one();
        }
    }

    /// A topic is to be read soon, if anybody listens to it.
    pub(super) fn mark(&self, topic: &str) {
        if self.state.lock().mark(topic) {
            self.due.notify_one();
        }
    }

    /// All topics are to be read soon.
    pub(super) fn mark_all(&self) {
        let mut state = self.state.lock();
        let State { topics, due, .. } = &mut *state;
        for (name, topic) in topics.iter_mut().filter(|(_, topic)| !topic.is_due) {
            topic.is_due = true;
            due.push_back(name.clone());
        }
        self.due.notify_one();
    }

    /// Resolves when there may be something to read.
    pub(super) async fn due(&self) {
        self.due.notified().await;
    }

    /// What is to be read now, about `most` questions: one per topic, unless somebody there is not as far as the others.
    pub(super) fn questions(&self, most: usize) -> Vec<Question> {
        let mut state = self.state.lock();
        let mut questions = Vec::new();
        while questions.len() < most
            && let Some(name) = state.due.pop_front()
        {
            let Some(topic) = state.topics.get_mut(&name).filter(|topic| topic.is_due) else { continue };
            topic.is_due = false;
            let mut places: BTreeMap<Offset, Vec<Arc<Mailbox>>> = BTreeMap::new();
            for mailbox in &topic.mailboxes {
                if let Some(place) = mailbox.wants() {
                    places.entry(place).or_default().push(mailbox.clone());
                }
            }
            let asked = places.into_iter();
            questions.extend(asked.map(|(after, audience)| Question { topic: name.clone(), after, audience }));
        }
        questions
    }

    /// Resolves when nobody listens any more. From then on the next one to join starts another reader.
    pub(super) async fn deserted(&self) {
        loop {
            self.deserted.notified().await;
            let mut state = self.state.lock();
            if state.topics.is_empty() {
                state.due = VecDeque::new();
                state.is_read = false;
                return;
            }
        }
    }

    pub(super) fn topics(&self) -> usize {
        self.state.lock().topics.len()
    }
}

impl State {
    /// True if it was not due before and is now.
    fn mark(&mut self, topic: &str) -> bool {
        let Some((name, _)) = self.topics.get_key_value(topic) else { return false };
        let name = name.clone();
        match self.topics.get_mut(topic) {
            Some(topic) if !topic.is_due => topic.is_due = true,
            _ => return false,
        }
        self.due.push_back(name);
        true
    }
}
