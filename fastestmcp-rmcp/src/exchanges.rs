use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use rmcp::model::RequestId;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::exchange::{Exchange, Inbox};
use crate::outbox::Outbox;

/// How long, and how many bytes of, streams that ended are kept for clients that did not get their end.
const ENDED_FOR: Duration = Duration::from_secs(60);
const ENDED_BYTES: usize = 16 << 20;

/// What runs on this node: one entry for each message that is being handled, gone with it, and one for each stream.
pub(crate) struct Exchanges {
    next: AtomicU64,
    /// Exchanges at once, of one session and in all.
    most: (usize, usize),
    live: Mutex<Live>,
    ended: Notify,
}

#[derive(Default)]
struct Live {
    exchanges: HashMap<u64, Arc<Exchange>>,
    requests: HashMap<(Arc<str>, RequestId), u64>,
    /// By the digests of sessions.
    sessions: HashMap<Arc<str>, OfSession>,
    ended: VecDeque<Ended>,
    ended_bytes: usize,
}

#[derive(Default)]
struct OfSession {
    exchanges: Vec<u64>,
    streams: usize,
}

struct Ended {
    at: Instant,
    bytes: usize,
    session: Arc<str>,
    id: u64,
    outbox: Arc<Outbox>,
}

/// Why a message is not handled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotOpened {
    /// A request of the session with this id is running.
    Duplicate,
    /// There are as many as may be.
    Full,
}

/// Removes the entry of an exchange when it is dropped.
pub(crate) struct Open {
    pub(crate) exchange: Arc<Exchange>,
    exchanges: Arc<Exchanges>,
}

/// A stream of a session that is open here: as long as it is, the session is held.
pub(crate) struct OpenStream {
    session: Arc<str>,
    exchanges: Arc<Exchanges>,
}

impl Exchanges {
    /// `per_session` and `in_all` at once.
    pub(crate) fn new(per_session: usize, in_all: usize) -> Arc<Self> {
        let (next, live, ended) = (AtomicU64::new(0), Mutex::default(), Notify::new());
        Arc::new(Self { next, most: (per_session, in_all), live, ended })
    }

    /// A number that no other exchange or stream of this node has.
    pub(crate) fn number(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    /// # Errors
    /// [`NotOpened`].
    pub(crate) fn open(
        self: &Arc<Self>,
        id: u64,
        session: Arc<str>,
        request: Option<RequestId>,
        outbox: Option<Arc<Outbox>>,
    ) -> Result<(Open, Inbox), NotOpened> {
        let (exchange, inbox) = Exchange::new(id, session.clone(), request, outbox);
        let exchange = Arc::new(exchange);
        let mut live = self.live.lock();
        let of_session = live.sessions.get(&session).map_or(0, |of_session| of_session.exchanges.len());
        if live.exchanges.len() >= self.most.1 || (!session.is_empty() && of_session >= self.most.0) {
            return Err(NotOpened::Full);
        }
        if let Some(request) = exchange.request.clone().filter(|_| !session.is_empty()) {
            let key = (session.clone(), request);
            if live.requests.contains_key(&key) {
                return Err(NotOpened::Duplicate);
            }
            live.requests.insert(key, id);
        }
        live.exchanges.insert(id, exchange.clone());
        live.sessions.entry(session).or_default().exchanges.push(id);
        Ok((Open { exchange, exchanges: self.clone() }, inbox))
    }

    /// Holds a session for a stream.
    pub(crate) fn open_stream(self: &Arc<Self>, session: &Arc<str>) -> OpenStream {
        self.live.lock().sessions.entry(session.clone()).or_default().streams += 1;
        OpenStream { session: session.clone(), exchanges: self.clone() }
    }

    /// What a request was or is being answered with.
    pub(crate) fn outbox(&self, session: &str, id: u64) -> Option<Arc<Outbox>> {
        let live = self.live.lock();
        match live.exchanges.get(&id) {
            Some(exchange) if *exchange.session == *session => exchange.outbox.clone(),
            Some(_) => None,
            None => {
                let mut ended = live.ended.iter();
                ended.find(|ended| ended.id == id && *ended.session == *session).map(|ended| ended.outbox.clone())
            }
        }
    }

    /// Its request's id may be used again: the client has the answer in a moment, the entry is gone a little later.
    pub(crate) fn answered(&self, exchange: &Exchange) {
        self.live.lock().release(exchange);
    }

    pub(crate) fn get(&self, session: &str, id: u64) -> Option<Arc<Exchange>> {
        self.live.lock().exchanges.get(&id).filter(|exchange| *exchange.session == *session).cloned()
    }

    pub(crate) fn running(&self, session: &Arc<str>, request: &RequestId) -> Option<Arc<Exchange>> {
        let live = self.live.lock();
        let id = live.requests.get(&(session.clone(), request.clone()))?;
        live.exchanges.get(id).cloned()
    }

    /// All of a session, by its digest.
    pub(crate) fn of(&self, session: &str) -> Vec<Arc<Exchange>> {
        let live = self.live.lock();
        let ids = live.sessions.get(session).map(|of_session| of_session.exchanges.as_slice()).unwrap_or_default();
        ids.iter().filter_map(|id| live.exchanges.get(id).cloned()).collect()
    }

    pub(crate) fn all(&self) -> Vec<Arc<Exchange>> {
        self.live.lock().exchanges.values().cloned().collect()
    }

    /// The sessions that something is open for, by their digests.
    pub(crate) fn sessions(&self) -> Vec<Arc<str>> {
        self.live.lock().sessions.keys().filter(|session| !session.is_empty()).cloned().collect()
    }

    /// Resolves when no message is being handled.
    pub(crate) async fn idle(&self) {
        loop {
            let ended = self.ended.notified();
            if self.live.lock().exchanges.is_empty() {
                return;
            }
            ended.await;
        }
    }

    /// What clients may still come back for.
    pub(crate) fn outboxes(&self) -> Vec<Arc<Outbox>> {
        let live = self.live.lock();
        let running = live.exchanges.values().filter_map(|exchange| exchange.outbox.clone());
        running.chain(live.ended.iter().map(|ended| ended.outbox.clone())).collect()
    }

    /// Forgets what nobody came back for in time.
    pub(crate) fn forget_ended(&self) {
        self.live.lock().forget_ended();
    }
}

impl Live {
    fn release(&mut self, exchange: &Exchange) {
        if let Some(request) = &exchange.request {
            let key = (exchange.session.clone(), request.clone());
            if self.requests.get(&key) == Some(&exchange.id) {
                self.requests.remove(&key);
            }
        }
    }

    fn leave(&mut self, session: &Arc<str>, leave: impl FnOnce(&mut OfSession)) {
        if let Some(of_session) = self.sessions.get_mut(session) {
            leave(of_session);
            if of_session.exchanges.is_empty() && of_session.streams == 0 {
                self.sessions.remove(session);
            }
        }
    }

    fn forget_ended(&mut self) {
        let is_past = |ended: &Ended, bytes: usize| ended.at.elapsed() > ENDED_FOR || bytes > ENDED_BYTES;
        while self.ended.front().is_some_and(|ended| is_past(ended, self.ended_bytes)) {
            self.ended_bytes -= self.ended.pop_front().map_or(0, |ended| ended.bytes);
        }
    }

    fn keep(&mut self, exchange: &Exchange) {
        if let Some(outbox) = &exchange.outbox {
            let bytes = outbox.kept_bytes();
            if bytes > 0 {
                let (session, outbox) = (exchange.session.clone(), outbox.clone());
                self.ended_bytes += bytes;
                self.ended.push_back(Ended { at: Instant::now(), bytes, session, id: exchange.id, outbox });
            }
        }
        self.forget_ended();
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        let exchange = &self.exchange;
        {
            let mut live = self.exchanges.live.lock();
            live.exchanges.remove(&exchange.id);
            live.release(exchange);
            live.leave(&exchange.session, |of_session| of_session.exchanges.retain(|id| *id != exchange.id));
            live.keep(exchange);
        }
        exchange.is_over();
        self.exchanges.ended.notify_waiters();
    }
}

impl Drop for OpenStream {
    fn drop(&mut self) {
        self.exchanges.live.lock().leave(&self.session, |of_session| of_session.streams -= 1);
    }
}
