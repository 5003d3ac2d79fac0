use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::client::{Answer, Http, Response};

/// A bound that only keeps a failure from hanging.
const PATIENCE: Duration = Duration::from_secs(20);

static REQUESTS: AtomicU64 = AtomicU64::new(1);

/// A client of either era.
pub(crate) trait Era {
    /// Sends a request.
    fn ask(&self, method: &str, params: Value) -> Response;

    /// A call that runs as a task; its id.
    fn start(&self, tool: &str) -> String;

    fn request(&self, method: &str, params: Value) -> Answer {
        self.ask(method, params).answer()
    }

    fn call(&self, tool: &str, arguments: Value) -> Answer {
        self.request("tools/call", json!({ "name": tool, "arguments": arguments }))
    }

    /// A request about a task.
    fn about(&self, method: &str, task: &str) -> Answer {
        self.request(method, json!({ "taskId": task }))
    }

    /// The task once it has this status.
    fn until(&self, task: &str, status: &str) -> Answer {
        let began = Instant::now();
        loop {
            let answer = self.about("tasks/get", task);
            if answer.result()["status"] == status {
                return answer;
            }
            assert!(began.elapsed() < PATIENCE, "{answer:?}");
            let ended = ["completed", "failed", "cancelled"].contains(&answer.result()["status"].as_str().unwrap());
            assert!(!ended, "{answer:?}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

/// A session of 2025-11-25.
pub(crate) struct Session {
    http: Http,
    pub(crate) id: String,
}

impl Session {
    pub(crate) fn begin(http: &Http) -> Self {
        Self::declaring(http, &json!({ "elicitation": {} }))
    }

    /// A session of a client with these capabilities.
    pub(crate) fn declaring(http: &Http, capabilities: &Value) -> Self {
        let mut initialize = initialize();
        initialize["params"]["capabilities"] = capabilities.clone();
        let begun = http.post(&initialize);
        assert_eq!(begun.status, 200);
        let session = Self::of(http, begun.header("mcp-session-id").unwrap());
        assert_eq!(session.say(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" })).status, 202);
        session
    }

    /// A session that exists, as whoever `http` is.
    pub(crate) fn of(http: &Http, id: &str) -> Self {
        let within = http.with("mcp-protocol-version", "2025-11-25").with("mcp-session-id", id);
        Self { http: within, id: id.to_owned() }
    }

    /// Sends a message as it is.
    pub(crate) fn say(&self, message: &Value) -> Response {
        self.http.post(message)
    }

    /// Answers a request of the server.
    pub(crate) fn reply(&self, asked: &Value, name: &str) -> Response {
        self.reply_with(asked, &accept(name))
    }

    pub(crate) fn reply_with(&self, asked: &Value, result: &Value) -> Response {
        self.say(&json!({ "jsonrpc": "2.0", "id": asked["id"], "result": result }))
    }

    pub(crate) fn http(&self) -> &Http {
        &self.http
    }
}

impl Era for Session {
    fn ask(&self, method: &str, params: Value) -> Response {
        let id = REQUESTS.fetch_add(1, Ordering::Relaxed);
        self.say(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }))
    }

    fn start(&self, tool: &str) -> String {
        let answer = self.request("tools/call", json!({ "name": tool, "task": {} }));
        answer.result()["task"]["taskId"].as_str().unwrap().to_owned()
    }
}

/// A client of 2026-07-28.
pub(crate) struct Stateless {
    http: Http,
    capabilities: Value,
}

impl Stateless {
    pub(crate) fn new(http: &Http) -> Self {
        Self::declaring(http, &json!({ "elicitation": { "form": {} } }))
    }

    /// A client with these capabilities, and that of tasks.
    pub(crate) fn declaring(http: &Http, capabilities: &Value) -> Self {
        let mut capabilities = capabilities.clone();
        capabilities["extensions"] = json!({ "io.modelcontextprotocol/tasks": {} });
        Self { http: http.with("mcp-protocol-version", "2026-07-28"), capabilities }
    }
}

impl Era for Stateless {
    fn ask(&self, method: &str, mut params: Value) -> Response {
        let meta = &mut params["_meta"];
        meta["io.modelcontextprotocol/protocolVersion"] = json!("2026-07-28");
        meta["io.modelcontextprotocol/clientInfo"] = json!({ "name": "wire", "version": "1" });
        meta["io.modelcontextprotocol/clientCapabilities"] = self.capabilities.clone();
        let mut http = self.http.with("mcp-method", method);
        let named = ["name", "taskId", "uri"].into_iter().find_map(|word| params[word].as_str());
        if let Some(name) = named.filter(|name| name.is_ascii()) {
            http = http.with("mcp-name", name);
        }
        let id = REQUESTS.fetch_add(1, Ordering::Relaxed);
        http.post(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }))
    }

    fn start(&self, tool: &str) -> String {
        let answer = self.call(tool, json!({}));
        answer.result()["taskId"].as_str().unwrap_or_else(|| panic!("no task: {answer:?}")).to_owned()
    }
}

/// The same caller in both eras.
pub(crate) fn both(http: &Http) -> [Box<dyn Era>; 2] {
    [Box::new(Session::begin(http)), Box::new(Stateless::new(http))]
}

pub(crate) fn initialize() -> Value {
    let info = json!({ "name": "wire", "version": "1" });
    let params = json!({ "protocolVersion": "2025-11-25", "capabilities": { "elicitation": {} }, "clientInfo": info });
    json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params })
}

/// What a person who is asked for a name answers.
pub(crate) fn accept(name: &str) -> Value {
    json!({ "action": "accept", "content": { "name": name } })
}
