use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::task::Waker;

use futures_util::task::AtomicWaker;
use parking_lot::Mutex;
use serde_json::Value;
use tokio::sync::{Notify, OwnedMutexGuard};

use super::error::ContextError;
use crate::task::{Input, InputRequest, Journal};

/// What a running handler has asked and recorded, shared between the handler and whoever drives it (contract T7, T15).
///
/// The handler raises requests and waits; the driver takes what was raised, gets it answered in its own way, and puts
/// the answers here.
#[derive(Debug, Default)]
pub(crate) struct Replay {
    inner: Mutex<Inner>,
    changed: Notify,
    /// Wakes the driver when something is raised, also by what the handler has spawned.
    driver: AtomicWaker,
    /// Who runs `once` for which key.
    turns: Mutex<HashMap<String, Arc<tokio::sync::Mutex<()>>>>,
}

#[derive(Debug, Default)]
struct Inner {
    journal: Journal,
    /// Raised by the handler, not yet taken by the driver.
    raised: BTreeMap<String, InputRequest>,
    /// Requests that the client answered with an error.
    failed: BTreeMap<String, String>,
    /// Asked on an earlier leg and not answered: to be asked again, and nothing else under the same key.
    asked: BTreeMap<String, InputRequest>,
    /// Answers the client gave before it was asked on this leg.
    offered: BTreeMap<String, Value>,
}

impl Replay {
    /// One that goes on from an earlier leg of the call: what the client still owes is asked again, unless `offered`
    /// answers it.
    pub(crate) fn resumed(mut journal: Journal, offered: BTreeMap<String, Value>) -> Self {
        let open = journal.open_inputs().map(|(key, request)| (key.to_owned(), request.clone()));
        let asked = open.collect();
        journal.inputs.retain(|_, input| input.answer.is_some());
        Self { inner: Mutex::new(Inner { journal, asked, offered, ..Inner::default() }), ..Self::default() }
    }

    /// Waits for the answer to `request` under `key`; returns at once if it is recorded.
    pub(crate) async fn answer(&self, key: &str, request: &InputRequest) -> Result<Value, ContextError> {
        let changed = self.changed.notified();
        tokio::pin!(changed);
        loop {
            changed.as_mut().enable();
            if let Some(answer) = self.answered_or_raise(key, request)? {
                return Ok(answer);
            }
            changed.as_mut().await;
            changed.set(self.changed.notified());
        }
    }

    fn answered_or_raise(&self, key: &str, request: &InputRequest) -> Result<Option<Value>, ContextError> {
        let mut inner = self.inner.lock();
        if let Some(error) = inner.failed.get(key) {
            return Err(ContextError::ClientFailed(error.clone()));
        }
        let known = inner.journal.inputs.get(key).map(|input| (&input.request, input.answer.clone()));
        match known.or_else(|| inner.raised.get(key).map(|request| (request, None))) {
            Some((known, _)) if !known.asks_the_same(request) => Err(ContextError::KeyReused(key.to_owned())),
            Some((_, answer)) => Ok(answer),
            None => match inner.asked.get(key).cloned() {
                Some(asked) if !asked.asks_the_same(request) => Err(ContextError::KeyReused(key.to_owned())),
                // What was asked first stays, whatever a deploy has made of its wording.
                asked => {
                    let answer = inner.offered_or_raise(key, asked.as_ref().unwrap_or(request));
                    drop(inner);
                    self.driver.wake();
                    Ok(answer)
                }
            },
        }
    }

    /// From now on `driver` is woken when something is raised.
    pub(crate) fn drive(&self, driver: &Waker) {
        self.driver.register(driver);
    }

    /// Waits until no other caller runs `once` for this key.
    pub(crate) async fn turn_of(&self, key: &str) -> OwnedMutexGuard<()> {
        // Kept to the end of the call: there are as many as the author has keys.
        let turn = self.turns.lock().entry(key.to_owned()).or_default().clone();
        turn.lock_owned().await
    }

    /// What the handler raised since the last call, now part of the journal; `None` if it raised nothing.
    pub(crate) fn take_raised(&self) -> Option<BTreeMap<String, InputRequest>> {
        let mut inner = self.inner.lock();
        if inner.raised.is_empty() {
            return None;
        }
        let raised = std::mem::take(&mut inner.raised);
        for (key, request) in &raised {
            inner.journal.inputs.insert(key.clone(), Input { request: request.clone(), answer: None });
        }
        Some(raised)
    }

    /// Records what the client answered within the call, however often it was asked: what does not fit is its failure.
    pub(crate) fn settle(&self, key: &str, result: Result<Value, String>) {
        let mut inner = self.inner.lock();
        let settled = result.and_then(|answer| {
            let answered = inner.journal.answer(BTreeMap::from([(key.to_owned(), answer)]));
            answered.map(drop).map_err(|error| error.to_string())
        });
        if let Err(error) = settled {
            inner.failed.insert(key.to_owned(), error);
        }
        drop(inner);
        self.changed.notify_waiters();
    }

    /// Takes over answers that were recorded elsewhere.
    pub(crate) fn adopt(&self, journal: &Journal) {
        let mut inner = self.inner.lock();
        // What is still open is raised by this handler itself, when it comes to it.
        for (key, input) in journal.inputs.iter().filter(|(_, input)| input.answer.is_some()) {
            inner.journal.inputs.insert(key.clone(), input.clone());
        }
        drop(inner);
        self.changed.notify_waiters();
    }

    pub(crate) fn recorded(&self, key: &str) -> Option<Value> {
        self.inner.lock().journal.once.get(key).cloned()
    }

    pub(crate) fn record(&self, key: &str, value: Value) {
        self.inner.lock().journal.once.insert(key.to_owned(), value);
    }

    pub(crate) fn checkpoint(&self) -> Option<Value> {
        self.inner.lock().journal.checkpoint.clone()
    }

    pub(crate) fn set_checkpoint(&self, value: Value) {
        self.inner.lock().journal.checkpoint = Some(value);
    }

    pub(crate) fn journal(&self) -> Journal {
        self.inner.lock().journal.clone()
    }
}

impl Inner {
    fn offered_or_raise(&mut self, key: &str, request: &InputRequest) -> Option<Value> {
        if let Some(answer) = self.offered.remove(key) {
            self.journal.inputs.insert(key.to_owned(), Input { request: request.clone(), answer: None });
            match self.journal.answer(BTreeMap::from([(key.to_owned(), answer.clone())])) {
                Ok(_) => return Some(answer),
                Err(error) => {
                    tracing::debug!(%error, "an answer is asked for again");
                    self.journal.inputs.remove(key);
                }
            }
        }
        self.raised.insert(key.to_owned(), request.clone());
        None
    }
}
