use serde_json::Value;

use super::Answer;

/// The connection broke before the answer was there.
#[derive(Debug)]
pub(crate) struct Broken(#[expect(dead_code, reason = "shown when a test fails")] pub(crate) String);

/// One client's connection to a server that can be killed.
pub(crate) trait Link: Send + 'static {
    /// Whether requests are HTTP requests, with headers, statuses and sessions.
    const HTTP: bool;

    /// To a server of its own, on an empty store.
    fn open() -> Self;

    /// Sends a message and, if it is a request, reads until its answer. Every other message goes to `meanwhile`, and
    /// what that returns goes back. Also returns the session that was begun.
    fn exchange(
        &mut self,
        headers: &[(&str, &str)],
        message: &Value,
        meanwhile: &mut dyn FnMut(&Value) -> Option<Value>,
    ) -> Result<(Answer, Option<String>), Broken>;

    /// kill -9 and a new process on the same store.
    fn kill_and_restart(&mut self);
}
