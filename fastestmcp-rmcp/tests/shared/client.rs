use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::time::Duration;

use serde_json::{Value, json};
use ureq::Agent;

/// A client of one session, which may reach any node.
#[derive(Clone)]
pub(crate) struct Client {
    agent: Agent,
    pub(crate) session: Option<String>,
    headers: Vec<(&'static str, String)>,
}

/// An event of a stream, or the one message of a JSON body.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Event {
    pub(crate) id: Option<String>,
    pub(crate) data: Option<Value>,
    pub(crate) retry: bool,
}

impl Event {
    pub(crate) fn id(&self) -> &str {
        self.id.as_deref().unwrap_or_else(|| panic!("no id: {self:?}"))
    }

    pub(crate) fn message(&self) -> &Value {
        self.data.as_ref().unwrap_or_else(|| panic!("no message: {self:?}"))
    }
}

/// A response, event by event.
pub(crate) struct Response {
    pub(crate) status: u16,
    headers: http::HeaderMap,
    body: BufReader<ureq::BodyReader<'static>>,
}

impl Client {
    pub(crate) fn new() -> Self {
        // The timeout only keeps a failure from hanging.
        let config = Agent::config_builder().http_status_as_error(false).timeout_global(Some(Duration::from_secs(30)));
        Self { agent: config.build().into(), session: None, headers: Vec::new() }
    }

    /// One that has opened a session at a node.
    pub(crate) fn opened(node: SocketAddr, revision: &str) -> Self {
        Self::new().open(node, revision)
    }

    /// The same client with a session.
    pub(crate) fn open(mut self, node: SocketAddr, revision: &str) -> Self {
        let mut response = self.post(node, &initialize(revision));
        self.session = response.header("mcp-session-id").map(str::to_owned);
        let answer = response.next().unwrap();
        assert_eq!(answer.message()["result"]["protocolVersion"], revision, "{answer:?}");
        self
    }

    pub(crate) fn with(&self, name: &'static str, value: &str) -> Self {
        let mut client = self.clone();
        client.headers.retain(|(known, _)| *known != name);
        client.headers.push((name, value.to_owned()));
        client
    }

    pub(crate) fn send(&self, node: SocketAddr, method: &str, body: &str) -> Response {
        let mut request = http::Request::builder().method(method).uri(format!("http://{node}/mcp"));
        let has = |name: &str| self.headers.iter().any(|(known, _)| *known == name);
        if !has("accept") {
            request = request.header("accept", "application/json, text/event-stream");
        }
        if !has("content-type") && !body.is_empty() {
            request = request.header("content-type", "application/json");
        }
        if let Some(session) = &self.session {
            request = request.header("mcp-session-id", session);
        }
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        let (head, body) = self.agent.run(request.body(body.as_bytes().to_vec()).unwrap()).unwrap().into_parts();
        Response { status: head.status.as_u16(), headers: head.headers, body: BufReader::new(body.into_reader()) }
    }

    pub(crate) fn post(&self, node: SocketAddr, message: &Value) -> Response {
        self.send(node, "POST", &message.to_string())
    }

    pub(crate) fn get(&self, node: SocketAddr) -> Response {
        self.send(node, "GET", "")
    }

    pub(crate) fn resume(&self, node: SocketAddr, last: &str) -> Response {
        self.with("last-event-id", last).get(node)
    }

    pub(crate) fn request(&self, node: SocketAddr, id: u64, method: &str, params: Value) -> Response {
        self.post(node, &json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }))
    }

    pub(crate) fn call(&self, node: SocketAddr, id: u64, tool: &str, arguments: Value) -> Response {
        self.request(node, id, "tools/call", json!({ "name": tool, "arguments": arguments }))
    }

    pub(crate) fn notify(&self, node: SocketAddr, method: &str, params: Value) -> u16 {
        self.post(node, &json!({ "jsonrpc": "2.0", "method": method, "params": params })).status
    }

    /// Replies to a request of the server.
    pub(crate) fn reply(&self, node: SocketAddr, id: &Value, result: Value) -> u16 {
        self.post(node, &json!({ "jsonrpc": "2.0", "id": id, "result": result })).status
    }
}

pub(crate) fn initialize(revision: &str) -> Value {
    let client = json!({ "name": "client", "version": "1" });
    let params = json!({ "protocolVersion": revision, "capabilities": { "roots": {} }, "clientInfo": client });
    json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params })
}

impl Response {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub(crate) fn is_stream(&self) -> bool {
        self.header("content-type").is_some_and(|kind| kind.starts_with("text/event-stream"))
    }

    /// The next event; `None` at the end. Comments are passed over.
    pub(crate) fn next(&mut self) -> Option<Event> {
        if !self.is_stream() {
            let mut body = Vec::new();
            self.body.read_to_end(&mut body).unwrap();
            return serde_json::from_slice(&body).ok().map(|data| Event { data: Some(data), ..Event::default() });
        }
        let mut event = Event::default();
        loop {
            let mut line = String::new();
            // A stream that is cut off is at its end.
            if self.body.read_line(&mut line).unwrap_or(0) == 0 {
                return None;
            }
            let line = line.trim_end_matches('\n');
            if let Some(id) = line.strip_prefix("id: ") {
                event.id = Some(id.to_owned());
            } else if line.starts_with("retry:") {
                event.retry = true;
            } else if let Some(data) = line.strip_prefix("data:").filter(|data| !data.trim().is_empty()) {
                event.data = Some(serde_json::from_str(data).unwrap());
            } else if line.is_empty() && event != Event::default() {
                return Some(event);
            }
        }
    }

    pub(crate) fn rest(mut self) -> Vec<Event> {
        std::iter::from_fn(|| self.next()).collect()
    }

    /// What answers the request, after whatever is said before it.
    pub(crate) fn answer(self) -> Value {
        let events = self.rest();
        let last = events.last().unwrap_or_else(|| panic!("nothing was answered"));
        last.message().clone()
    }

    /// The text of a tool's result.
    pub(crate) fn text(self) -> String {
        let answer = self.answer();
        answer["result"]["content"][0]["text"].as_str().unwrap_or_else(|| panic!("no text: {answer}")).to_owned()
    }

    pub(crate) fn code(self) -> i64 {
        let answer = self.answer();
        answer["error"]["code"].as_i64().unwrap_or_else(|| panic!("no error: {answer}"))
    }
}

impl Response {
    /// The next request of the server.
    pub(crate) fn rest_until_request(&mut self) -> Value {
        std::iter::from_fn(|| self.next())
            .filter_map(|event| event.data)
            .find(|message| message.get("method").is_some() && message.get("id").is_some())
            .unwrap_or_else(|| panic!("nothing was asked"))
    }
}
