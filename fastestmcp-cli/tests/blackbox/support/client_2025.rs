use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};

use super::{Answer, Broken, Client, Link};

const VERSION: &str = "2025-11-25";

/// Numbers all requests, since several connections may share one session.
static REQUESTS: AtomicU64 = AtomicU64::new(1);

/// A client of 2025-11-25: everything within a session, over HTTP with an id.
pub(crate) struct Client2025<L> {
    link: L,
    session: Option<String>,
}

impl<L: Link> Client2025<L> {
    pub(crate) fn new(link: L) -> Self {
        Self::declaring(link, VERSION, json!({ "elicitation": {} }))
    }

    pub(crate) fn declaring(link: L, version: &str, capabilities: Value) -> Self {
        let mut client = Self { link, session: None };
        client.initialize(version, capabilities);
        client
    }

    fn initialize(&mut self, version: &str, capabilities: Value) {
        let info = json!({ "name": "blackbox", "version": "1" });
        let params = json!({ "protocolVersion": version, "capabilities": capabilities, "clientInfo": info });
        let begin = json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params });
        let (answer, session) = self.link.exchange(&[], &begin, &mut |_| None).unwrap();
        let result = answer.result();
        assert_eq!(result["protocolVersion"], version);
        assert_eq!(result["capabilities"].get("tasks").is_some(), version == VERSION, "{result}");
        assert_eq!(session.is_some(), L::HTTP);
        self.session = session;
        let begun = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
        assert_eq!(self.send(&begun, &mut |_| None).unwrap().status, 202);
    }

    /// The id of the session over HTTP.
    pub(crate) fn session(&self) -> &str {
        self.session.as_deref().unwrap()
    }

    pub(crate) fn link(&mut self) -> &mut L {
        &mut self.link
    }

    /// The same session over another connection.
    pub(crate) fn over(&self, link: L) -> Self {
        Self { link, session: self.session.clone() }
    }

    /// Sends a message as it is.
    pub(crate) fn send(
        &mut self,
        message: &Value,
        meanwhile: &mut dyn FnMut(&Value) -> Option<Value>,
    ) -> Result<Answer, Broken> {
        let mut headers = vec![("mcp-protocol-version", VERSION)];
        headers.extend(self.session.as_deref().map(|session| ("mcp-session-id", session)));
        self.link.exchange(&headers, message, meanwhile).map(|(answer, _)| answer)
    }

    /// One request; `meanwhile` answers what the server asks before it answers.
    pub(crate) fn try_request(
        &mut self,
        method: &str,
        params: &Value,
        meanwhile: &mut dyn FnMut(&Value) -> Option<Value>,
    ) -> Result<Answer, Broken> {
        let id = REQUESTS.fetch_add(1, Ordering::Relaxed);
        let message = json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params });
        let answer = self.send(&message, meanwhile)?;
        assert_eq!(answer.message["id"], message["id"], "{:?}", answer.message);
        Ok(answer)
    }

    /// A call that asks to run as a task.
    pub(crate) fn submit(&mut self, tool: &str, arguments: Value, task: Value) -> Answer {
        self.request("tools/call", json!({ "name": tool, "arguments": arguments, "task": task }))
    }

    /// The same where it must be taken; the id of the task.
    pub(crate) fn start(&mut self, tool: &str, arguments: Value) -> String {
        let answer = self.submit(tool, arguments, json!({}));
        let task = &answer.result()["task"];
        assert_eq!(task["status"], "working", "{task}");
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

    /// `tasks/result` where the server asks for input, answered with `reply`; also what it asked.
    pub(crate) fn result_answering(&mut self, task: &str, reply: &Value) -> (Answer, Vec<Value>) {
        let mut asked = Vec::new();
        let mut meanwhile = |message: &Value| {
            let id = message.get("id")?.clone();
            asked.push(message.clone());
            Some(json!({ "jsonrpc": "2.0", "id": id, "result": reply }))
        };
        let answer = self.try_request("tasks/result", &json!({ "taskId": task }), &mut meanwhile).unwrap();
        (answer, asked)
    }
}

impl<L: Link> Client for Client2025<L> {
    fn request(&mut self, method: &str, params: Value) -> Answer {
        self.try_request(method, &params, &mut |_| None).unwrap()
    }

    fn crash(&mut self) {
        self.link.kill_and_restart();
        if !L::HTTP {
            // On stdio the process was the session; what it belonged to is the principal's.
            self.initialize(VERSION, json!({ "elicitation": {} }));
        }
    }
}
