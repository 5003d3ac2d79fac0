use serde_json::{Value, json};

use super::Answer;

/// A client of either era.
pub(crate) trait Client {
    /// One request to its answer.
    fn request(&mut self, method: &str, params: Value) -> Answer;

    /// kill -9, and on to a new process on the same store.
    fn crash(&mut self);

    /// A plain call.
    fn call(&mut self, tool: &str, arguments: Value) -> Answer {
        self.request("tools/call", json!({ "name": tool, "arguments": arguments }))
    }
}
