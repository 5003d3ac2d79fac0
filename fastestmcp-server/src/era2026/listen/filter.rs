use std::collections::BTreeSet;

use fastestmcp_core::event::List;
use fastestmcp_core::ids::TaskId;
use rmcp::model::ErrorData;
use serde_json::{Map, Value, json};

use crate::wire::errors;

/// Tasks, and resources, that one subscription may follow.
const MOST: usize = 100;

/// What a subscription is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Filter {
    pub(super) lists: Vec<List>,
    pub(super) resources: Vec<String>,
    /// `None` if tasks are not asked for at all.
    pub(super) tasks: Option<Vec<TaskId>>,
}

/// The word of the wire for changes of a list.
const fn word(list: List) -> &'static str {
    match list {
        List::Tools => "toolsListChanged",
        List::Prompts => "promptsListChanged",
        List::Resources => "resourcesListChanged",
    }
}

impl Filter {
    /// # Errors
    /// It is none.
    pub(super) fn read(params: &Value) -> Result<Self, ErrorData> {
        let filter = params.get("notifications").and_then(Value::as_object);
        let filter = filter.ok_or_else(|| errors::invalid_params("notifications is not an object"))?;
        let wants = |list: &List| match filter.get(word(*list)) {
            None | Some(Value::Null | Value::Bool(false)) => Ok(false),
            Some(Value::Bool(true)) => Ok(true),
            Some(_) => Err(ErrorData::invalid_params(format!("{} is neither true nor false", word(*list)), None)),
        };
        let mut lists = Vec::new();
        for list in List::ALL {
            if wants(&list)? {
                lists.push(list);
            }
        }
        let tasks = texts(filter, "taskIds")?;
        Ok(Self {
            lists,
            resources: texts(filter, "resourceSubscriptions")?.unwrap_or_default(),
            tasks: tasks.map(|tasks| tasks.into_iter().map(TaskId::new).collect()),
        })
    }

    /// As the acknowledgement names what is honoured.
    pub(super) fn to_value(&self) -> Value {
        let mut filter: Map<_, _> = self.lists.iter().map(|list| (word(*list).to_owned(), Value::Bool(true))).collect();
        if !self.resources.is_empty() {
            filter.insert("resourceSubscriptions".to_owned(), json!(self.resources));
        }
        if let Some(tasks) = &self.tasks {
            filter.insert("taskIds".to_owned(), tasks.iter().map(TaskId::as_str).collect());
        }
        Value::Object(filter)
    }
}

/// A list of different texts, if it is there.
fn texts(filter: &Map<String, Value>, name: &str) -> Result<Option<Vec<String>>, ErrorData> {
    let invalid = || ErrorData::invalid_params(format!("{name} is not a list of at most {MOST} strings"), None);
    let values = match filter.get(name) {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Array(values)) if values.len() <= MOST => values,
        Some(_) => return Err(invalid()),
    };
    let mut seen = BTreeSet::new();
    let mut texts = Vec::new();
    for value in values {
        let text = value.as_str().ok_or_else(invalid)?;
        if seen.insert(text) {
            texts.push(text.to_owned());
        }
    }
    Ok(Some(texts))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_is_acknowledged_in_the_words_in_which_it_was_asked() {
        let asked = json!({
            "toolsListChanged": true, "resourcesListChanged": true,
            "resourceSubscriptions": ["a://1", "a://2"], "taskIds": ["task-1"],
        });
        assert_eq!(Filter::read(&json!({ "notifications": asked })).unwrap().to_value(), asked);
        let twice = json!({ "notifications": { "promptsListChanged": false, "resourceSubscriptions": ["a", "a"] } });
        assert_eq!(Filter::read(&twice).unwrap().to_value(), json!({ "resourceSubscriptions": ["a"] }));
        assert_eq!(Filter::read(&json!({ "notifications": {} })).unwrap(), Filter::default());
    }

    #[test]
    fn what_is_no_filter_is_refused() {
        let many: Vec<_> = (0..=MOST).map(|at| at.to_string()).collect();
        for filter in [
            json!(null),
            json!([]),
            json!({ "toolsListChanged": 1 }),
            json!({ "taskIds": 7 }),
            json!({ "taskIds": [7] }),
            json!({ "resourceSubscriptions": {} }),
            json!({ "resourceSubscriptions": many }),
        ] {
            assert!(Filter::read(&json!({ "notifications": filter })).is_err(), "{filter}");
        }
        assert!(Filter::read(&json!({})).is_err());
    }
}
