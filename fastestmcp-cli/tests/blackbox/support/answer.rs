use serde_json::{Value, json};

/// The answer to a request.
#[derive(Debug)]
pub(crate) struct Answer {
    /// Of HTTP; 200 on stdio.
    pub(crate) status: u16,
    /// The whole JSON-RPC message; null where none came.
    pub(crate) message: Value,
}

impl Answer {
    /// One that has this result.
    pub(crate) fn of(result: &Value) -> Self {
        Self { status: 200, message: json!({ "result": result }) }
    }

    /// The result of a request that succeeds.
    #[track_caller]
    pub(crate) fn result(&self) -> &Value {
        assert_eq!(self.status, 200, "{}", self.message);
        self.message.get("result").unwrap_or_else(|| panic!("no result: {}", self.message))
    }

    /// The code of a request that is refused.
    #[track_caller]
    pub(crate) fn code(&self) -> i64 {
        self.message["error"]["code"].as_i64().unwrap_or_else(|| panic!("no error: {}", self.message))
    }

    /// The text of a tool result, and whether it is an error.
    #[track_caller]
    pub(crate) fn text(&self) -> (&str, bool) {
        let result = self.result();
        let text = result["content"][0]["text"].as_str().unwrap_or_else(|| panic!("no text: {result}"));
        (text, result["isError"] == true)
    }

    /// `structuredContent` of a tool result that is no error.
    #[track_caller]
    pub(crate) fn structured(&self) -> &Value {
        let result = self.result();
        assert_ne!(result["isError"], true, "{result}");
        &result["structuredContent"]
    }
}
