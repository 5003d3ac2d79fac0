use std::collections::BTreeMap;
use std::net::SocketAddr;

use fastestmcp_benches::{CALLS, COUNT, ECHO, GET, OPEN, PUBLISH, PUT, UPDATE};
use serde_json::{Value, json};

use crate::http::{Answer, Connection};
use crate::report::{BenchError, BenchResult};

/// How a client speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Era {
    /// 2025-11-25, in a session of its own.
    Session,
    /// 2026-07-28, every request by itself.
    Stateless,
}

/// What it calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Work {
    /// A tool that says its argument again.
    Echo,
    /// A tool that adds one to a value of the caller's own and says the sum.
    Count,
    /// One that reads a value of the session or the principal.
    Get,
    /// One that stores such a value.
    Put,
    /// One that replaces such a value by what it makes of it.
    Update,
    /// One that tells subscribers that there are news.
    Publish,
}

impl Work {
    const fn tool(self) -> &'static str {
        match self {
            Self::Echo => ECHO,
            Self::Count => COUNT,
            Self::Get => GET,
            Self::Put => PUT,
            Self::Update => UPDATE,
            Self::Publish => PUBLISH,
        }
    }
}

/// Ten digits each, so that requests differ in these only and are all of one length.
const FIRST: u64 = 1_000_000_000;
const PLACE: &str = "1000000000";

/// One MCP client on a connection of its own. It builds its call once and writes only a number into it each time.
pub(crate) struct Caller {
    connection: Connection,
    host: SocketAddr,
    era: Era,
    work: Work,
    /// The bearer token that it shows.
    token: Option<&'static str>,
    session: Option<String>,
    calls: u64,
    /// What it calls, and the whole request of it.
    message: Value,
    request: Vec<u8>,
    /// Where the number stands in the request.
    places: Vec<usize>,
}

impl Caller {
    /// Connects, makes its session or its handle if it has one, and is ready to call.
    pub(crate) async fn open(host: SocketAddr, era: Era, work: Work) -> BenchResult<Self> {
        Self::open_as(host, era, work, None).await
    }

    /// The same for who shows a token, to a server that asks for one.
    pub(crate) async fn open_as(
        host: SocketAddr,
        era: Era,
        work: Work,
        token: Option<&'static str>,
    ) -> BenchResult<Self> {
        let connection = Connection::open(host).await?;
        let (message, request, places) = (Value::Null, Vec::new(), Vec::new());
        let mut caller = Self { connection, host, era, work, token, session: None, calls: 0, message, request, places };
        if era == Era::Session {
            caller.initialize().await?;
        }
        let arguments = match work {
            Work::Count => json!({ "handle": caller.tool(OPEN).await? }),
            _ => json!({ "text": format!("say {PLACE}") }),
        };
        caller.message = caller.call(work.tool(), &arguments);
        caller.prepare();
        Ok(caller)
    }

    /// Builds the request of its calls.
    fn prepare(&mut self) {
        self.request = self.head_and(&self.message);
        let written = String::from_utf8_lossy(&self.request);
        self.places = written.match_indices(PLACE).map(|(at, _)| at).collect();
    }

    /// A session of its own, from here on, and the one before is left.
    pub(crate) async fn initialize(&mut self) -> BenchResult<()> {
        self.session = None;
        let info = json!({ "name": "bench", "version": "1" });
        let params = json!({ "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": info });
        let begin = json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params });
        let answer = self.request(&begin).await?;
        if message(&answer)?["result"]["protocolVersion"] != "2025-11-25" {
            return Err(BenchError::wrong("another version than 2025-11-25"));
        }
        self.session = answer.session;
        let begun = self.request(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" })).await?;
        match (begun.status, &self.session) {
            (202, Some(_)) => {
                self.prepare();
                Ok(())
            }
            _ => Err(BenchError::wrong(format!("no session: {begun:?}"))),
        }
    }

    /// Calls the tool, and makes sure that the answer is what the tool says.
    pub(crate) async fn step(&mut self) -> BenchResult<()> {
        let id = FIRST + self.calls;
        self.calls += 1;
        let digits = id.to_string();
        for &at in &self.places {
            self.request[at..at + PLACE.len()].copy_from_slice(digits.as_bytes());
        }
        let answer = message(&self.connection.exchange(&self.request).await?)?;
        let expected = match self.work {
            Work::Count => self.calls.to_string(),
            _ => format!("say {digits}"),
        };
        if answer["id"] == id && text(&answer)? == expected {
            return Ok(());
        }
        Err(BenchError::wrong(format!("call {id} should say {expected:?}: {answer}")))
    }

    /// Calls a tool that takes nothing: what it says.
    pub(crate) async fn tool(&mut self, name: &str) -> BenchResult<String> {
        let answer = self.request(&self.call(name, &json!({}))).await?;
        Ok(text(&message(&answer)?)?.to_owned())
    }

    /// How often the server has called each operation of its store, as far as it counts.
    pub(crate) async fn store_calls(&mut self) -> BenchResult<BTreeMap<String, u64>> {
        serde_json::from_str(&self.tool(CALLS).await?).map_err(BenchError::wrong)
    }

    /// Wants to hear of changes of a resource, on the standalone stream of its session.
    pub(crate) async fn subscribe(&mut self, uri: &str) -> BenchResult<()> {
        let params = json!({ "uri": uri });
        let asked = json!({ "jsonrpc": "2.0", "id": FIRST, "method": "resources/subscribe", "params": params });
        let answer = message(&self.request(&asked).await?)?;
        match answer["result"].is_object() {
            true => Ok(()),
            false => Err(BenchError::wrong(format!("not subscribed: {answer}"))),
        }
    }

    /// The id of its session.
    pub(crate) fn session(&self) -> &str {
        self.session.as_deref().unwrap_or_default()
    }

    /// Ends a session, which may have been opened on another node.
    pub(crate) async fn end(&mut self, session: &str) -> BenchResult<()> {
        let host = self.host;
        let request = format!(
            "DELETE /mcp HTTP/1.1\r\nhost: {host}\r\nmcp-protocol-version: 2025-11-25\r\nmcp-session-id: {session}\r\n\r\n"
        );
        match self.connection.exchange(request.as_bytes()).await?.status {
            204 => Ok(()),
            other => Err(BenchError::wrong(format!("a session was ended with {other}"))),
        }
    }

    fn call(&self, tool: &str, arguments: &Value) -> Value {
        let mut params = json!({ "name": tool, "arguments": arguments });
        if self.era == Era::Stateless {
            params["_meta"] = json!({
                "io.modelcontextprotocol/protocolVersion": "2026-07-28",
                "io.modelcontextprotocol/clientInfo": { "name": "bench", "version": "1" },
                "io.modelcontextprotocol/clientCapabilities": {},
            });
        }
        json!({ "jsonrpc": "2.0", "id": FIRST, "method": "tools/call", "params": params })
    }

    async fn request(&mut self, message: &Value) -> BenchResult<Answer> {
        let request = self.head_and(message);
        self.connection.exchange(&request).await
    }

    /// A message with the headers that fit it.
    fn head_and(&self, message: &Value) -> Vec<u8> {
        let (body, host) = (message.to_string(), self.host);
        let mut head = format!("POST /mcp HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\n");
        head += "accept: application/json, text/event-stream\r\n";
        if let Some(token) = self.token {
            head += &format!("authorization: Bearer {token}\r\n");
        }
        match (self.era, &self.session) {
            (Era::Session, None) => {}
            (Era::Session, Some(id)) => {
                head += &format!("mcp-protocol-version: 2025-11-25\r\nmcp-session-id: {id}\r\n");
            }
            (Era::Stateless, _) => {
                let tool = message["params"]["name"].as_str().unwrap_or_default();
                head += "mcp-protocol-version: 2026-07-28\r\nmcp-method: tools/call\r\n";
                head += &format!("mcp-name: {tool}\r\n");
            }
        }
        format!("{head}content-length: {}\r\n\r\n{body}", body.len()).into_bytes()
    }
}

/// The message that an answer is, or the last one of its event stream.
fn message(answer: &Answer) -> BenchResult<Value> {
    let read = |text: &[u8]| serde_json::from_slice(text).ok();
    let event = |line: &[u8]| line.strip_prefix(b"data:").and_then(read);
    let found = match answer.body.first() {
        Some(b'{') => read(&answer.body),
        _ => answer.body.split(|&byte| byte == b'\n').rev().find_map(event),
    };
    let wrong = || BenchError::wrong(format!("{}: {}", answer.status, String::from_utf8_lossy(&answer.body)));
    found.filter(|_| answer.status == 200).ok_or_else(wrong)
}

/// The text that a tool answered.
fn text(message: &Value) -> BenchResult<&str> {
    let result = &message["result"];
    let said = result["content"][0]["text"].as_str().filter(|_| result["isError"] != true);
    said.ok_or_else(|| BenchError::wrong(format!("not the result of a tool: {message}")))
}
