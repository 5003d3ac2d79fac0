use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::input::{Input, InputRequest};

/// What a handler that runs again gets back without doing it again (contract T15): answers, the results of `once`, and
/// the last checkpoint.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Journal {
    /// Requests to the client by key.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub inputs: BTreeMap<String, Input>,
    /// Results of `once` by key.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub once: BTreeMap<String, Value>,
    /// The last checkpoint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checkpoint: Option<Value>,
}

impl Journal {
    /// The requests that have no answer yet.
    pub fn open_inputs(&self) -> impl Iterator<Item = (&str, &InputRequest)> {
        self.inputs
            .iter()
            .filter(|(_, input)| input.answer.is_none())
            .map(|(key, input)| (key.as_str(), &input.request))
    }

    /// Whether the client still owes an answer.
    pub fn is_waiting(&self) -> bool {
        self.open_inputs().next().is_some()
    }

    /// Records the valid ones of `answers`; unknown and answered keys are ignored (T7). True if any was recorded.
    ///
    /// # Errors
    /// An answer does not fit its request. Nothing was recorded then.
    pub fn answer(&mut self, answers: BTreeMap<String, Value>) -> Result<bool, InvalidAnswer> {
        let open = |journal: &Self, key: &str| journal.inputs.get(key).is_some_and(|input| input.answer.is_none());
        let answers: Vec<_> = answers.into_iter().filter(|(key, _)| open(self, key)).collect();
        for (key, answer) in &answers {
            if let Some(reason) = self.inputs.get(key).and_then(|input| input.request.check(answer).err()) {
                return Err(InvalidAnswer { key: key.clone(), reason });
            }
        }
        let any = !answers.is_empty();
        for (key, answer) in answers {
            if let Some(input) = self.inputs.get_mut(&key) {
                input.answer = Some(answer);
            }
        }
        Ok(any)
    }
}

/// An answer that does not fit what was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the answer to {key:?} is not valid: {reason}")]
pub struct InvalidAnswer {
    /// The key it was given for.
    pub key: String,
    /// What is wrong with it.
    pub reason: String,
}
