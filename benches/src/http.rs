use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::report::{BenchError, BenchResult};

/// A connection of HTTP/1.1 that is kept alive: one request, then its whole answer. No more than the load needs, so that
/// the client costs little beside the server, and the same on both sides of a row.
pub(crate) struct Connection {
    stream: TcpStream,
    received: Vec<u8>,
    /// Up to where it is read.
    at: usize,
}

/// A whole answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// The `mcp-session-id`.
    pub(crate) session: Option<String>,
    pub(crate) body: Vec<u8>,
}

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> BenchResult<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, received: Vec::new(), at: 0 })
    }

    /// Sends a request as it is and reads the answer to its end.
    pub(crate) async fn exchange(&mut self, request: &[u8]) -> BenchResult<Answer> {
        self.stream.write_all(request).await?;
        self.received.clear();
        self.at = 0;
        let status = self.line().await?.split(' ').nth(1).and_then(|status| status.parse().ok());
        let status = status.ok_or_else(|| BenchError::wrong("an answer without a status"))?;
        let (mut length, mut chunked, mut session) = (0, false, None);
        loop {
            let line = self.line().await?;
            let Some((name, value)) = line.split_once(':') else { break };
            let value = value.trim();
            if name.eq_ignore_ascii_case("content-length") {
                length = value.parse().map_err(BenchError::wrong)?;
            } else if name.eq_ignore_ascii_case("transfer-encoding") {
                chunked = value.eq_ignore_ascii_case("chunked");
            } else if name.eq_ignore_ascii_case("mcp-session-id") {
                session = Some(value.to_owned());
            }
        }
        let body = if chunked { self.chunks().await? } else { self.bytes(length).await?.to_vec() };
        if self.at != self.received.len() {
            return Err(BenchError::wrong("an answer is followed by something"));
        }
        Ok(Answer { status, session, body })
    }

    async fn chunks(&mut self) -> BenchResult<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let line = self.line().await?;
            let size = line.split(';').next().unwrap_or_default();
            let size = usize::from_str_radix(size, 16).map_err(BenchError::wrong)?;
            body.extend_from_slice(self.bytes(size).await?);
            if !self.line().await?.is_empty() {
                return Err(BenchError::wrong("a chunk is longer than it says, or has trailers"));
            }
            if size == 0 {
                return Ok(body);
            }
        }
    }

    /// The next line without its end.
    async fn line(&mut self) -> BenchResult<&str> {
        let mut from = self.at;
        loop {
            if let Some(found) = self.received[from..].windows(2).position(|pair| pair == b"\r\n") {
                let line = self.at..from + found;
                self.at = line.end + 2;
                return std::str::from_utf8(&self.received[line]).map_err(BenchError::wrong);
            }
            from = self.at.max(self.received.len().saturating_sub(1));
            self.more().await?;
        }
    }

    async fn bytes(&mut self, len: usize) -> BenchResult<&[u8]> {
        while self.received.len() - self.at < len {
            self.more().await?;
        }
        self.at += len;
        Ok(&self.received[self.at - len..self.at])
    }

    async fn more(&mut self) -> BenchResult<()> {
        match self.stream.read_buf(&mut self.received).await? {
            0 => Err(BenchError::wrong("the server hung up")),
            _ => Ok(()),
        }
    }
}
