use std::net::SocketAddr;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::http::{Answer, Connection};
use crate::report::{BenchError, BenchResult};
use crate::serve::{COUNT, ECHO, OPEN, READS};

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
    session: Option<String>,
    calls: u64,
    request: Vec<u8>,
    /// Where the number stands in the request.
    places: Vec<usize>,
}

impl Caller {
    /// Connects, makes its session or its handle if it has one, and is ready to call.
    pub(crate) async fn open(host: SocketAddr, era: Era, work: Work) -> BenchResult<Self> {
        let connection = Connection::open(host).await?;
        let (request, places) = (Vec::new(), Vec::new());
        let mut caller = Self { connection, host, era, work, session: None, calls: 0, request, places };
        if era == Era::Session {
            caller.initialize().await?;
        }
        let (tool, arguments) = match work {
            Work::Echo => (ECHO, json!({ "text": format!("say {PLACE}") })),
            Work::Count => {
                let opened = caller.request(&caller.call(OPEN, &json!({}))).await?;
                (COUNT, json!({ "handle": text(&message(&opened)?)? }))
            }
        };
        caller.request = caller.head_and(&caller.call(tool, &arguments));
        let written = String::from_utf8_lossy(&caller.request);
        caller.places = written.match_indices(PLACE).map(|(at, _)| at).collect();
        Ok(caller)
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
            (202, Some(_)) => Ok(()),
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
            Work::Echo => format!("say {digits}"),
            Work::Count => self.calls.to_string(),
        };
        if answer["id"] == id && text(&answer)? == expected {
            return Ok(());
        }
        Err(BenchError::wrong(format!("call {id} should say {expected:?}: {answer}")))
    }

    /// How often the server has read its event log.
    pub(crate) async fn reads(&mut self) -> BenchResult<u64> {
        let answer = self.request(&self.call(READS, &json!({}))).await?;
        text(&message(&answer)?)?.parse().map_err(BenchError::wrong)
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

/// The standalone stream of a session of its own, open until it is dropped.
pub(crate) struct Listener {
    _stream: TcpStream,
}

impl Listener {
    pub(crate) async fn open(host: SocketAddr) -> BenchResult<Self> {
        let caller = Caller::open(host, Era::Session, Work::Echo).await?;
        let session = caller.session.unwrap_or_default();
        let head = format!(
            "GET /mcp HTTP/1.1\r\nhost: {host}\r\naccept: text/event-stream\r\n\
             mcp-protocol-version: 2025-11-25\r\nmcp-session-id: {session}\r\n\r\n"
        );
        let mut stream = TcpStream::connect(host).await?;
        stream.write_all(head.as_bytes()).await?;
        let mut status = [0; 12];
        stream.read_exact(&mut status).await?;
        match &status {
            b"HTTP/1.1 200" => Ok(Self { _stream: stream }),
            other => Err(BenchError::wrong(String::from_utf8_lossy(other))),
        }
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
