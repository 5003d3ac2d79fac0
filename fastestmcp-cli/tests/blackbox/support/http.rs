use std::io::{BufRead, BufReader};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::Value;
use ureq::Agent;

use super::{Answer, Broken, Link, Server};

/// One HTTP client of one server, or of several that it takes turns with.
pub(crate) struct Http {
    servers: Vec<Arc<Server>>,
    /// Where a proxy stands in front of them.
    proxy: Option<String>,
    turn: AtomicUsize,
    agent: Agent,
}

/// The answer to a POST, message by message.
pub(crate) struct HttpAnswer {
    pub(crate) status: u16,
    pub(crate) session: Option<String>,
    streams: bool,
    body: BufReader<ureq::BodyReader<'static>>,
}

impl Http {
    pub(crate) fn to(server: &Arc<Server>) -> Self {
        Self::round(vec![server.clone()])
    }

    /// Every request goes to the next one.
    pub(crate) fn round(servers: Vec<Arc<Server>>) -> Self {
        let config = Agent::config_builder().http_status_as_error(false).timeout_global(Some(Duration::from_secs(30)));
        Self { servers, proxy: None, turn: AtomicUsize::new(0), agent: config.build().into() }
    }

    /// Every request goes to a proxy.
    pub(crate) fn at(proxy: String) -> Self {
        Self { proxy: Some(proxy), ..Self::round(Vec::new()) }
    }

    pub(crate) fn server(&self) -> &Arc<Server> {
        &self.servers[0]
    }

    /// Another client of the same server.
    pub(crate) fn another(&self) -> Self {
        Self { proxy: self.proxy.clone(), ..Self::round(self.servers.clone()) }
    }

    fn url(&self) -> String {
        let next = || self.servers[self.turn.fetch_add(1, Ordering::Relaxed) % self.servers.len()].url();
        self.proxy.clone().unwrap_or_else(next)
    }

    pub(crate) fn post(&self, headers: &[(&str, &str)], body: &[u8]) -> Result<HttpAnswer, Broken> {
        let mut request = self.agent.post(self.url());
        request = request.header("content-type", "application/json");
        request = request.header("accept", "application/json, text/event-stream");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        HttpAnswer::of(request.send(body))
    }

    pub(crate) fn delete(&self, session: &str) -> u16 {
        let request = self.agent.delete(self.url()).header("mcp-session-id", session);
        HttpAnswer::of(request.call()).unwrap().status
    }
}

impl HttpAnswer {
    fn of(response: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Result<Self, Broken> {
        let response = response.map_err(|error| Broken(error.to_string()))?;
        let header = |name| response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let streams = header("content-type").starts_with("text/event-stream");
        let session = Some(header("mcp-session-id").to_owned()).filter(|session| !session.is_empty());
        let status = response.status().as_u16();
        Ok(Self { status, session, streams, body: BufReader::new(response.into_body().into_reader()) })
    }

    /// The next message; `None` at the end of the body.
    pub(crate) fn next(&mut self) -> Result<Option<Value>, Broken> {
        let broken = |error: std::io::Error| Broken(error.to_string());
        if !self.streams {
            let mut body = Vec::new();
            std::io::Read::read_to_end(&mut self.body, &mut body).map_err(broken)?;
            return Ok(serde_json::from_slice(&body).ok());
        }
        let mut line = String::new();
        loop {
            line.clear();
            if self.body.read_line(&mut line).map_err(broken)? == 0 {
                return Ok(None);
            }
            // Every message of the server is one line of data; a priming event has none.
            match line.strip_prefix("data:").map(str::trim) {
                None | Some("") => {}
                Some(data) => return Ok(Some(serde_json::from_str(data).unwrap())),
            }
        }
    }
}

impl Link for Http {
    const HTTP: bool = true;

    fn open() -> Self {
        Self::to(&Server::new())
    }

    fn exchange(
        &mut self,
        headers: &[(&str, &str)],
        message: &Value,
        meanwhile: &mut dyn FnMut(&Value) -> Option<Value>,
    ) -> Result<(Answer, Option<String>), Broken> {
        let mut answer = self.post(headers, message.to_string().as_bytes())?;
        let (status, session) = (answer.status, answer.session.clone());
        if message.get("id").is_none() || message.get("method").is_none() {
            return Ok((Answer { status, message: answer.next()?.unwrap_or_default() }, session));
        }
        while let Some(received) = answer.next()? {
            if received.get("method").is_none() {
                return Ok((Answer { status, message: received }, session));
            }
            if let Some(reply) = meanwhile(&received) {
                let accepted = self.post(headers, reply.to_string().as_bytes())?.status;
                assert_eq!(accepted, 202, "a reply to the server");
            }
        }
        Err(Broken("the stream ended without the answer".to_owned()))
    }

    fn kill_and_restart(&mut self) {
        self.servers.iter().for_each(|server| server.kill());
        self.servers.iter().for_each(|server| server.start_again());
    }
}
