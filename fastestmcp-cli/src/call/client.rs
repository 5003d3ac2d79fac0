use std::borrow::Cow;
use std::io::{BufRead, BufReader, Read};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use ureq::http::{HeaderValue, Response, StatusCode, Uri};
use ureq::{Agent, Body};

use super::stop::Stop;
use super::{plain, tls};

const VERSION: &str = "2026-07-28";
/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(10);
/// How long an answer about a task may take; a call may take as long as its tool does.
const ANSWER: Duration = Duration::from_secs(20);
/// Bytes of an answer at most.
const LARGEST: u64 = 64 << 20;

/// A server, asked one thing after the other.
pub(super) struct Client {
    agent: Agent,
    url: Uri,
    /// For people: without user info, query, and what else may be a secret.
    shown: String,
    authorization: Option<HeaderValue>,
    capabilities: Value,
    requests: u64,
}

/// Why a request has no result.
#[derive(Debug)]
pub(super) enum Failure {
    /// The server says so.
    Refused { code: i64, message: String, data: Value },
    /// It was not reached: nothing was asked.
    Away(String),
    /// The connection or the server broke on the way: whether it did what was asked is unknown.
    Broken(String),
    /// It answered something else than MCP.
    Strange(String),
}

impl Client {
    pub(super) fn new(url: &str, token: Option<String>, tasks: bool) -> Result<Self, Stop> {
        let wrong = || Stop::Usage("the URL is not like http://127.0.0.1:8000/mcp".to_owned());
        let url: Uri = url.parse().map_err(|_| wrong())?;
        let (Some(scheme @ ("http" | "https")), Some(authority)) = (url.scheme_str(), url.authority()) else {
            return Err(wrong());
        };
        let host = authority.as_str().rsplit('@').next().unwrap_or_default();
        let shown = format!("{scheme}://{host}{}", url.path());
        let authorization = match token {
            None => None,
            Some(token) => {
                let mut value = HeaderValue::try_from(format!("Bearer {token}"))
                    .map_err(|_| Stop::Usage("the token has characters that no token has".to_owned()))?;
                value.set_sensitive(true);
                Some(value)
            }
        };
        let mut capabilities = json!({ "elicitation": { "form": {} } });
        if tasks {
            capabilities["extensions"] = json!({ "io.modelcontextprotocol/tasks": {} });
        }
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_connect(Some(CONNECT))
            .tls_config(tls::config(scheme == "https")?);
        Ok(Self { agent: config.build().into(), url, shown, authorization, capabilities, requests: 0 })
    }

    /// Sends a request and waits for its result; progress on the way is printed.
    pub(super) fn request(&mut self, method: &str, mut params: Value) -> Result<Value, Failure> {
        self.requests += 1;
        params["_meta"] = json!({
            "io.modelcontextprotocol/protocolVersion": VERSION,
            "io.modelcontextprotocol/clientInfo": { "name": "fastestmcp call", "version": env!("CARGO_PKG_VERSION") },
            "io.modelcontextprotocol/clientCapabilities": self.capabilities,
            "progressToken": self.requests,
        });
        let name = params.get("name").or_else(|| params.get("taskId")).and_then(Value::as_str).map(header);
        let mut request = self.agent.post(&self.url);
        request = request.header("content-type", "application/json");
        request = request.header("accept", "application/json, text/event-stream");
        request = request.header("mcp-protocol-version", VERSION).header("mcp-method", method);
        if let Some(name) = name {
            request = request.header("mcp-name", &*name);
        }
        if let Some(authorization) = &self.authorization {
            request = request.header("authorization", authorization.clone());
        }
        if method != "tools/call" {
            request = request.config().timeout_global(Some(ANSWER)).build();
        }
        let message = json!({ "jsonrpc": "2.0", "id": self.requests, "method": method, "params": params });
        match request.send(message.to_string().as_bytes()) {
            Ok(response) => self.result(response),
            Err(error) => Err(self.unsent(&error)),
        }
    }

    fn result(&self, response: Response<Body>) -> Result<Value, Failure> {
        let status = response.status();
        let content_type = response.headers().get("content-type").and_then(|value| value.to_str().ok());
        let streams = content_type.is_some_and(|name| name.starts_with("text/event-stream"));
        let body = response.into_body().into_with_config().limit(LARGEST).reader();
        let broken = |_| Failure::Broken(format!("the connection to {} broke", self.shown));
        let message = if streams { last_message(BufReader::new(body)) } else { whole_message(body) }.map_err(broken)?;
        match message {
            Some(mut message) => match (message.get_mut("result").map(Value::take), message.get_mut("error")) {
                (Some(result), _) => Ok(result),
                (None, Some(error)) => Err(Failure::Refused {
                    code: error.get("code").and_then(Value::as_i64).unwrap_or_default(),
                    message: error.get("message").and_then(Value::as_str).unwrap_or("it does not say why").to_owned(),
                    data: error.get_mut("data").map(Value::take).unwrap_or_default(),
                }),
                (None, None) => Err(Failure::Strange("an answer has neither result nor error".to_owned())),
            },
            None if status == StatusCode::UNAUTHORIZED || status == StatusCode::FORBIDDEN => {
                Err(Failure::Strange(format!("it wants a token, or another one ({status})")))
            }
            None if status.is_server_error() => Err(Failure::Broken(format!("{} answers {status}", self.shown))),
            None if streams => Err(Failure::Broken(format!("{} ended its answer early", self.shown))),
            None => Err(Failure::Strange(format!("{} answers {status}", self.shown))),
        }
    }

    /// Why nothing was answered, without what the error itself may quote.
    fn unsent(&self, error: &ureq::Error) -> Failure {
        use std::io::ErrorKind::{ConnectionRefused, HostUnreachable, NetworkUnreachable};
        let at = &self.shown;
        match error {
            ureq::Error::Io(error) if error.kind() == ConnectionRefused => {
                Failure::Away(format!("nobody listens at {at}"))
            }
            ureq::Error::Io(error) if matches!(error.kind(), HostUnreachable | NetworkUnreachable) => {
                Failure::Away(format!("{at} cannot be reached"))
            }
            ureq::Error::HostNotFound => Failure::Away(format!("the host of {at} has no address")),
            ureq::Error::ConnectionFailed | ureq::Error::Timeout(ureq::Timeout::Connect) => {
                Failure::Away(format!("{at} cannot be reached"))
            }
            ureq::Error::Tls(_) | ureq::Error::Rustls(_) => {
                Failure::Away(format!("{at} has no TLS that can be trusted"))
            }
            ureq::Error::Timeout(_) => Failure::Broken(format!("{at} does not answer")),
            _ => Failure::Broken(format!("the connection to {at} broke")),
        }
    }
}

fn whole_message(mut body: impl Read) -> std::io::Result<Option<Value>> {
    let mut bytes = Vec::new();
    body.read_to_end(&mut bytes)?;
    Ok(serde_json::from_slice(&bytes).ok())
}

/// The answer on an event stream, and what is told on the way to it.
fn last_message(mut body: impl BufRead) -> std::io::Result<Option<Value>> {
    let mut line = String::new();
    loop {
        line.clear();
        if body.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        // Each message is one line of data; comments and priming events have none.
        let Some(data) = line.strip_prefix("data:").map(str::trim).filter(|data| !data.is_empty()) else { continue };
        let Ok(message) = serde_json::from_str::<Value>(data) else { return Ok(None) };
        if message.get("method").is_none() {
            return Ok(Some(message));
        }
        if message.get("method").is_some_and(|method| method == "notifications/progress") {
            plain::progress(message.get("params").unwrap_or(&Value::Null));
        }
    }
}

/// A value as a header carries it: encoded where it could not stand there as it is.
fn header(value: &str) -> Cow<'_, str> {
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_graphic()) {
        return value.into();
    }
    format!("=?base64?{}?=", STANDARD.encode(value)).into()
}
