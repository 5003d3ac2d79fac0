use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{Answer, Broken, Client, Link};

const VERSION: &str = "2026-07-28";

/// A client of 2026-07-28: every request stands for itself.
pub(crate) struct Client2026<L> {
    link: L,
    requests: u64,
    capabilities: Value,
}

impl<L: Link> Client2026<L> {
    pub(crate) fn new(link: L) -> Self {
        let extensions = json!({ "io.modelcontextprotocol/tasks": {} });
        Self::declaring(link, json!({ "elicitation": { "form": {} }, "extensions": extensions }))
    }

    pub(crate) const fn declaring(link: L, capabilities: Value) -> Self {
        Self { link, requests: 0, capabilities }
    }

    pub(crate) fn link(&mut self) -> &mut L {
        &mut self.link
    }

    /// What every request carries.
    pub(crate) fn meta(&self) -> Value {
        json!({
            "io.modelcontextprotocol/protocolVersion": VERSION,
            "io.modelcontextprotocol/clientInfo": { "name": "blackbox", "version": "1" },
            "io.modelcontextprotocol/clientCapabilities": self.capabilities,
        })
    }

    /// Sends a message as it is, with headers that fit it.
    pub(crate) fn send(&mut self, message: &Value) -> Result<Answer, Broken> {
        self.send_seeing(message, &mut |_| None)
    }

    /// The same; `meanwhile` sees what comes before the answer.
    pub(crate) fn send_seeing(
        &mut self,
        message: &Value,
        meanwhile: &mut dyn FnMut(&Value) -> Option<Value>,
    ) -> Result<Answer, Broken> {
        let mut headers = vec![("mcp-protocol-version", VERSION)];
        headers.extend(message["method"].as_str().map(|method| ("mcp-method", method)));
        let params = &message["params"];
        let name = params["name"].as_str().or_else(|| params["taskId"].as_str());
        let name = name.map(header);
        headers.extend(name.as_deref().map(|name| ("mcp-name", name)));
        self.link.exchange(&headers, message, meanwhile).map(|(answer, _)| answer)
    }

    pub(crate) fn try_request(&mut self, method: &str, mut params: Value) -> Result<Answer, Broken> {
        self.requests += 1;
        params["_meta"] = self.meta();
        let message = json!({ "jsonrpc": "2.0", "id": self.requests, "method": method, "params": params });
        let answer = self.send(&message)?;
        assert_eq!(answer.message["id"], message["id"], "{:?}", answer.message);
        Ok(answer)
    }

    /// A call that the server runs as a task; the id of the task.
    pub(crate) fn start(&mut self, tool: &str, arguments: Value) -> String {
        let answer = self.call(tool, arguments);
        let task = answer.result();
        assert_eq!((&task["resultType"], &task["status"]), (&json!("task"), &json!("working")), "{task}");
        assert!(task["ttlMs"].is_u64() && task["pollIntervalMs"].is_u64(), "{task}");
        task["taskId"].as_str().unwrap().to_owned()
    }

    /// A request about one task.
    pub(crate) fn about(&mut self, method: &str, task: &str) -> Answer {
        self.request(method, json!({ "taskId": task }))
    }

    /// The task as `tasks/get` has it.
    pub(crate) fn task(&mut self, id: &str) -> Value {
        let task = self.about("tasks/get", id).result().clone();
        assert_eq!(task["taskId"], id);
        task
    }

    /// Hands answers to a task.
    pub(crate) fn update(&mut self, task: &str, answers: Value) -> Answer {
        self.request("tasks/update", json!({ "taskId": task, "inputResponses": answers }))
    }
}

/// A value as a header carries it: encoded where it could not stand there as it is.
fn header(value: &str) -> Cow<'_, str> {
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_graphic()) {
        return value.into();
    }
    format!("=?base64?{}?=", STANDARD.encode(value)).into()
}

impl<L: Link> Client for Client2026<L> {
    fn request(&mut self, method: &str, params: Value) -> Answer {
        self.try_request(method, params).unwrap()
    }

    fn crash(&mut self) {
        self.link.kill_and_restart();
    }
}
