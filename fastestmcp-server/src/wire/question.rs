use fastestmcp_core::ids::TaskId;
use rmcp::model::{ClientJsonRpcMessage, JsonRpcMessage, NumberOrString, RequestId, ServerRequest};
use serde_json::Value;

/// What a task asks its client. The id of the request names it, so that any node can take the answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Question {
    /// The task.
    pub(crate) task: TaskId,
    /// The key of what it asks.
    pub(crate) key: String,
}

impl Question {
    /// The question that a request to the client asks, if it comes from a task.
    pub(crate) fn asked(request: &ServerRequest) -> Option<&Self> {
        match request {
            ServerRequest::CustomRequest(request) => request.extensions.get(),
            _ => None,
        }
    }

    /// The id of its request, which is unique without it.
    pub(crate) fn mark(&self, unique: &str) -> String {
        format!("{unique}:{}:{}", self.task.as_str(), self.key)
    }

    /// The id without what [`Question::mark`] added.
    pub(crate) fn unmarked(id: &str) -> &str {
        id.split_once(':').map_or(id, |(unique, _)| unique)
    }

    /// The question that a message of the client answers, and the answer. The client's error is none: what it refuses
    /// stays open.
    pub(crate) fn answered(message: &ClientJsonRpcMessage) -> Option<(Self, Value)> {
        let JsonRpcMessage::Response(response) = message else { return None };
        Some((Self::of(&response.id)?, serde_json::to_value(&response.result).ok()?))
    }

    fn of(id: &RequestId) -> Option<Self> {
        let NumberOrString::String(id) = id else { return None };
        let mut parts = id.splitn(3, ':').skip(1);
        Some(Self { task: TaskId::new(parts.next()?), key: parts.next()?.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_names_the_question_whatever_its_key() {
        for key in ["", "a", "a:b", ":", "ä\n"] {
            let question = Question { task: TaskId::new("task-1"), key: key.to_owned() };
            let id = question.mark("x-7");
            assert_eq!(Question::unmarked(&id), "x-7");
            assert_eq!(Question::of(&NumberOrString::String(id.into())), Some(question));
        }
        for id in ["", "x-7", "x-7:task-1"] {
            assert_eq!(Question::of(&NumberOrString::String(id.into())), None);
        }
    }
}
