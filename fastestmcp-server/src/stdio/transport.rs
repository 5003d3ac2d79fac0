use std::borrow::Cow;
use std::io::{self, BufReader};

use bytes::Bytes;
use rmcp::RoleServer;
use rmcp::model::{ClientJsonRpcMessage, ClientRequest, ErrorData, JsonRpcError, JsonRpcMessage, RequestId};
use rmcp::service::{RxJsonRpcMessage, TxJsonRpcMessage};
use rmcp::transport::Transport;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::lines::{self, Line};
use super::output::Output;
use crate::wire::inbound::{Renamed, Unread};

/// JSON-RPC messages, one a line. What cannot be read is answered with an error, and the connection goes on.
pub(super) struct StdioTransport {
    input: mpsc::Receiver<Line>,
    output: Output,
    /// Cancelled when nothing more will be read.
    ended: CancellationToken,
    /// Answers to lines that could not be read, to be written before the next line is read.
    replies: Option<Vec<u8>>,
    /// The client has made a request that opens a connection; until then the protocol layer takes nothing else.
    opened: bool,
}

impl StdioTransport {
    /// The process's own input.
    pub(super) fn open(max_line: usize, output: Output, ended: CancellationToken) -> Self {
        let input = lines::read(|| Box::new(BufReader::with_capacity(64 << 10, io::stdin())), max_line);
        Self { input, output, ended, replies: None, opened: false }
    }

    /// The message in a line, or the answer to what is none.
    fn decode(&self, line: Line) -> Result<Option<ClientJsonRpcMessage>, ErrorReply> {
        let line = match line {
            Line::Whole(line) => line,
            Line::TooLong => return Err(ErrorReply::new(None, ErrorData::invalid_request("line too long", None))),
        };
        if line.iter().all(u8::is_ascii_whitespace) {
            return Ok(None);
        }
        let line = Bytes::from(line);
        let renamed = Renamed::of(&line);
        let message = renamed.as_ref().map_or(&line, |renamed| &renamed.message);
        match serde_json::from_slice(message) {
            Ok(message) => Ok(Some(message)),
            Err(_) => Err(ErrorReply::to_unreadable(&Unread::of(&line))),
        }
    }

    /// Whether the protocol layer would take the message; before a connection is opened it fails on all but requests.
    fn admits(&mut self, message: &ClientJsonRpcMessage) -> bool {
        if let JsonRpcMessage::Request(request) = message {
            let asks_around =
                matches!(request.request, ClientRequest::PingRequest(_) | ClientRequest::DiscoverRequest(_));
            self.opened |= !asks_around;
            return true;
        }
        self.opened
    }
}

/// An error that answers a line.
#[derive(Debug)]
struct ErrorReply(JsonRpcError);

impl ErrorReply {
    fn new(id: Option<RequestId>, error: ErrorData) -> Self {
        Self(JsonRpcError::new(id, error))
    }

    fn to_unreadable(unread: &Unread) -> Self {
        if unread.is_json {
            let id = serde_json::from_value(unread.id.clone()).ok();
            Self::new(id, ErrorData::invalid_request("Invalid Request", None))
        } else {
            Self::new(None, ErrorData::parse_error("Parse error", None))
        }
    }

    /// As a line; JSON-RPC wants an id that is unknown to be there and null.
    fn into_line(self) -> serde_json::Result<Vec<u8>> {
        let mut value = serde_json::to_value(self.0)?;
        if let Some(value) = value.as_object_mut() {
            value.entry("id").or_insert(serde_json::Value::Null);
        }
        encode(&value)
    }
}

fn encode(message: &impl serde::Serialize) -> serde_json::Result<Vec<u8>> {
    let mut line = serde_json::to_vec(message)?;
    line.push(b'\n');
    Ok(line)
}

impl Transport<RoleServer> for StdioTransport {
    type Error = io::Error;

    fn name() -> Cow<'static, str> {
        "stdio".into()
    }

    fn send(
        &mut self,
        item: TxJsonRpcMessage<RoleServer>,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send + 'static {
        let output = self.output.clone();
        async move {
            let line = encode(&item)?;
            output.room().await?.take(line);
            Ok(())
        }
    }

    // Cancelled and called again all the time: nothing is taken from a channel before it can be kept.
    async fn receive(&mut self) -> Option<RxJsonRpcMessage<RoleServer>> {
        loop {
            if self.replies.is_some() {
                let room = self.output.room().await.ok()?;
                if let Some(reply) = self.replies.take() {
                    room.take(reply);
                }
            }
            let line = tokio::select! {
                line = self.input.recv() => line,
                // Who does not listen has left.
                () = self.output.closed() => None,
            };
            let Some(line) = line else {
                self.ended.cancel();
                return None;
            };
            match self.decode(line) {
                Ok(Some(message)) if self.admits(&message) => return Some(message),
                Ok(_) => {}
                Err(reply) => self.replies = reply.into_line().ok(),
            }
        }
    }

    async fn close(&mut self) -> Result<(), Self::Error> {
        Ok(())
    }
}
