use std::collections::BTreeMap;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use super::journal::Journal;
use super::outcome::TaskOutcome;
use super::spec::RunPolicy;
use crate::json;
use crate::record::{self, Unreadable, Versioned};
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
///
/// In every format it is a JSON object with the numbers `format` and `credits`. Whoever claims a task that only a newer
/// binary can read raises `credits`, so that its claim is no attempt, and leaves everything else byte by byte as it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TaskState {
    pub(crate) format: u8,
    /// The rules it runs under.
    pub policy: RunPolicy,
    /// How often clients are asked to poll, in milliseconds.
    #[serde(default = "default_poll")]
    pub poll_ms: u64,
    /// Under which the client asked for progress.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress_token: Option<Value>,
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
            policy: RunPolicy::default(),
            poll_ms: default_poll(),
            progress_token: None,
            credits: 0,
            started: false,
            progress: None,
            journal: Journal::default(),
            input_deadline: None,
            outcome: None,
        }
    }
}

impl Versioned for TaskState {
    const FORMAT: u8 = FORMAT;

    fn format(&self) -> u8 {
        self.format
    }
}

impl TaskState {
    /// As stored.
    ///
    /// # Errors
    /// It does not serialize, which only a value of the author can cause.
    pub fn encode(&self) -> Result<Bytes, serde_json::Error> {
        json::record_to_vec(self).map(Bytes::from)
    }

    /// From storage.
    ///
    /// # Errors
    /// It is not a state, or of a newer format.
    pub fn decode(bytes: &[u8]) -> Result<Self, Unreadable> {
        record::decode(bytes)
    }

    /// A state of any format with one more credit; `None` if it is none.
    pub(crate) fn credited(bytes: &[u8]) -> Option<Bytes> {
        let mut fields: BTreeMap<String, &RawValue> = serde_json::from_slice(bytes).ok()?;
        let credits: u64 = fields.get("credits").map_or(Some(0), |raw| serde_json::from_str(raw.get()).ok())?;
        let raised = serde_json::value::to_raw_value(&credits.saturating_add(1)).ok()?;
        fields.insert("credits".to_owned(), &raised);
        serde_json::to_vec(&fields).ok().map(Bytes::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_newer_format_is_seen_as_newer_whatever_else_changed_and_a_damaged_one_is_not() {
        let newer = br#"{"format": 2, "journal": [], "credits": 4}"#;
        assert!(matches!(TaskState::decode(newer), Err(Unreadable::Newer(2))));
        assert!(matches!(TaskState::decode(br#"{"format": 1, "journal": 7}"#), Err(Unreadable::Malformed(_))));
        assert!(matches!(TaskState::decode(b"\xff"), Err(Unreadable::Malformed(_))));
    }

    #[test]
    fn a_credit_leaves_the_rest_of_a_newer_state_byte_by_byte() {
        let newer = br#"{"format":2,"new":{"a": 1.0e5,  "b":[ ]},"credits":4}"#;
        let credited = TaskState::credited(newer).unwrap();
        assert_eq!(std::str::from_utf8(&credited).unwrap(), r#"{"credits":5,"format":2,"new":{"a": 1.0e5,  "b":[ ]}}"#);
        assert_eq!(TaskState::credited(br#"{"format":2}"#).as_deref(), Some(&br#"{"credits":1,"format":2}"#[..]));
        for none in [&b"[]"[..], b"\xff", br#"{"credits":"many"}"#] {
            assert_eq!(TaskState::credited(none), None);
        }
    }
}
