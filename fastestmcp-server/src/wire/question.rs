use fastestmcp_core::ids::TaskId;
use rmcp::model::ServerRequest;

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

    /// As the id of its request has it.
    pub(crate) fn tag(&self) -> String {
        format!("{}:{}", self.task.as_str(), self.key)
    }

    /// The question that a tag names.
    pub(crate) fn of(tag: &str) -> Option<Self> {
        let (task, key) = tag.split_once(':')?;
        Some(Self { task: TaskId::new(task), key: key.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_names_the_question_whatever_its_key() {
        for key in ["", "a", "a:b", ":", "ä\n"] {
            let question = Question { task: TaskId::new("task-1"), key: key.to_owned() };
            assert_eq!(Question::of(&question.tag()), Some(question));
        }
        assert_eq!(Question::of("task-1"), None);
    }
}
