use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::journal::Journal;
use super::outcome::TaskOutcome;
use crate::time::StoreTime;

const FORMAT: u8 = 1;

/// How far a handler says it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// Rises.
    pub progress: f64,
    /// What it rises to, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<f64>,
    /// For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// How far a task is: replaced as a whole by every write but a claim and a renewal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TaskState {
    pub(crate) format: u8,
    /// How often clients are asked to poll, in milliseconds.
    #[serde(default = "default_poll")]
    pub poll_ms: u64,
    /// Claims that were no attempts: legs that only waited, hand-overs (contract T2).
    #[serde(default)]
    pub credits: u32,
    /// The handler was entered; recorded only for tasks that never rerun (contract T6).
    #[serde(default)]
    pub started: bool,
    /// The last durable progress.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress: Option<Progress>,
    /// What a rerun gets back.
    #[serde(default)]
    pub journal: Journal,
    /// When the wait for input ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input_deadline: Option<StoreTime>,
    /// How it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<TaskOutcome>,
}

const fn default_poll() -> u64 {
    1_000
}

impl Default for TaskState {
    fn default() -> Self {
        Self {
            format: FORMAT,
            poll_ms: default_poll(),
            credits: 0,
            started: false,
            progress: None,
            journal: Journal::default(),
            input_deadline: None,
            outcome: None,
        }
    }
}

impl TaskState {
    /// As stored.
    ///
    /// # Errors
    /// It does not serialize, which only a value of the author can cause.
    pub fn encode(&self) -> Result<Bytes, serde_json::Error> {
        serde_json::to_vec(self).map(Bytes::from)
    }

    /// From storage.
    ///
    /// # Errors
    /// It is not a state, or of a newer format.
    pub fn decode(bytes: &[u8]) -> Result<Self, Unreadable> {
        let state: Self = serde_json::from_slice(bytes).map_err(Unreadable::Malformed)?;
        if state.format > FORMAT { Err(Unreadable::Newer(state.format)) } else { Ok(state) }
    }
}

/// A stored spec or state that this binary cannot read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Unreadable {
    /// It is damaged, or something else.
    #[error("the record is not readable")]
    Malformed(#[source] serde_json::Error),
    /// A newer binary wrote it.
    #[error("the record has format {0}, newer than this binary understands")]
    Newer(u8),
}
