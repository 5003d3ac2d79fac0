use std::sync::Arc;

use async_trait::async_trait;
use fastestmcp_core::context::Client;
use fastestmcp_core::task::{InputRequest, Progress, RpcError};
use parking_lot::Mutex;
use serde_json::Value;
use tokio::sync::Notify;

/// A client that a case plays: it is asked within the call, and answers when the case says what.
#[derive(Default)]
pub(crate) struct Played {
    answers: Mutex<Vec<Value>>,
    there: Notify,
    asked: Mutex<Vec<(String, InputRequest)>>,
    progress: Mutex<Vec<f64>>,
}

impl Played {
    /// One that gives these answers, in this order, whatever it is asked; then it is silent.
    pub(crate) fn answering(answers: impl IntoIterator<Item = Value>) -> Arc<Self> {
        let played = Self::default();
        played.answers.lock().extend(answers);
        Arc::new(played)
    }

    pub(crate) fn silent() -> Arc<Self> {
        Self::answering([])
    }

    /// Answers what is asked next, or was asked already.
    pub(crate) fn answer(&self, answer: Value) {
        self.answers.lock().push(answer);
        self.there.notify_waiters();
    }

    /// What it was asked so far.
    pub(crate) fn asked(&self) -> Vec<(String, InputRequest)> {
        self.asked.lock().clone()
    }

    /// How far it was told the call is, in that order.
    pub(crate) fn progress_so_far(&self) -> Vec<f64> {
        self.progress.lock().clone()
    }
}

#[async_trait]
impl Client for Played {
    fn answers_within_call(&self) -> bool {
        true
    }

    async fn request(&self, key: &str, request: &InputRequest) -> Result<Value, RpcError> {
        self.asked.lock().push((key.to_owned(), request.clone()));
        loop {
            let there = self.there.notified();
            {
                let mut answers = self.answers.lock();
                if !answers.is_empty() {
                    return Ok(answers.remove(0));
                }
            }
            there.await;
        }
    }

    async fn progress(&self, progress: &Progress) {
        self.progress.lock().push(progress.progress);
    }
}
