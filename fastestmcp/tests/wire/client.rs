use std::io::{BufRead, BufReader, Read};
use std::time::Duration;

use http::HeaderMap;
use serde_json::Value;
use ureq::Agent;

/// An HTTP client that sends the same headers with every request.
#[derive(Clone)]
pub(crate) struct Http {
    agent: Agent,
    url: String,
    headers: Vec<(String, String)>,
}

/// A response, message by message.
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    body: BufReader<ureq::BodyReader<'static>>,
    last_id: Option<String>,
}

impl Http {
    pub(crate) fn new(url: String) -> Self {
        // The timeout only keeps a failure from hanging.
        let config = Agent::config_builder().http_status_as_error(false).timeout_global(Some(Duration::from_secs(30)));
        Self { agent: config.build().into(), url, headers: Vec::new() }
    }

    pub(crate) fn with(&self, name: &str, value: &str) -> Self {
        let mut headers = self.headers.clone();
        headers.push((name.to_owned(), value.to_owned()));
        Self { headers, ..self.clone() }
    }

    pub(crate) fn bearer(&self, token: &str) -> Self {
        self.with("authorization", &format!("Bearer {token}"))
    }

    pub(crate) fn post(&self, message: &Value) -> Response {
        self.send("POST", message.to_string().into_bytes())
    }

    pub(crate) fn send(&self, method: &str, body: Vec<u8>) -> Response {
        let mut request = http::Request::builder().method(method).uri(&self.url);
        let given = |name: &str| self.headers.iter().any(|(given, _)| given == name);
        if !given("accept") {
            request = request.header("accept", "application/json, text/event-stream");
        }
        if !given("content-type") && !body.is_empty() {
            request = request.header("content-type", "application/json");
        }
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let (head, body) = self.agent.run(request.body(body).unwrap()).unwrap().into_parts();
        Response {
            status: head.status.as_u16(),
            headers: head.headers,
            body: BufReader::new(body.into_reader()),
            last_id: None,
        }
    }
}

impl Response {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// The id of the last event.
    pub(crate) fn last_id(&self) -> Option<String> {
        self.last_id.clone()
    }

    /// The next message; `None` at the end.
    pub(crate) fn next(&mut self) -> Option<Value> {
        if !self.header("content-type").unwrap_or_default().starts_with("text/event-stream") {
            let mut body = Vec::new();
            self.body.read_to_end(&mut body).unwrap();
            return serde_json::from_slice(&body).ok();
        }
        let mut line = String::new();
        loop {
            line.clear();
            if self.body.read_line(&mut line).unwrap() == 0 {
                return None;
            }
            if let Some(id) = line.strip_prefix("id:") {
                self.last_id = Some(id.trim().to_owned());
            }
            match line.strip_prefix("data:").map(str::trim) {
                None | Some("") => {}
                Some(data) => return Some(serde_json::from_str(data).unwrap()),
            }
        }
    }

    /// Whether there is another comment that keeps an idle stream open, before it ends.
    pub(crate) fn is_kept_open(&mut self) -> bool {
        let mut line = String::new();
        while self.body.read_line(&mut line).unwrap() > 0 {
            if line.starts_with(':') {
                return true;
            }
            line.clear();
        }
        false
    }

    /// What answers the request, after whatever is said before it.
    pub(crate) fn answer(mut self) -> Answer {
        while let Some(message) = self.next() {
            if message.get("method").is_none() {
                return Answer { status: self.status, message };
            }
        }
        Answer { status: self.status, message: Value::Null }
    }
}

/// The answer to a request.
#[derive(Debug, PartialEq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) message: Value,
}

impl Answer {
    #[track_caller]
    pub(crate) fn result(&self) -> &Value {
        self.message.get("result").unwrap_or_else(|| panic!("no result: {self:?}"))
    }

    #[track_caller]
    pub(crate) fn error(&self) -> &Value {
        self.message.get("error").unwrap_or_else(|| panic!("no error: {self:?}"))
    }

    #[track_caller]
    pub(crate) fn code(&self) -> i64 {
        self.error()["code"].as_i64().unwrap()
    }

    /// The text of a tool's result.
    #[track_caller]
    pub(crate) fn text(&self) -> &str {
        self.result()["content"][0]["text"].as_str().unwrap_or_else(|| panic!("no text: {self:?}"))
    }

    /// The same without the id of the request.
    pub(crate) fn unnumbered(mut self) -> Self {
        if let Some(message) = self.message.as_object_mut() {
            message.remove("id");
        }
        self
    }
}
