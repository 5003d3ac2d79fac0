use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

use crate::caller::{Caller, Era, Work};
use crate::report::{BenchError, BenchResult};

/// The standalone stream of a session of its own, open until it is dropped.
pub(crate) struct Listener {
    _stream: TcpStream,
}

impl Listener {
    pub(crate) async fn open(host: SocketAddr) -> BenchResult<Self> {
        let caller = Caller::open(host, Era::Session, Work::Echo).await?;
        Ok(Self { _stream: standalone(TcpSocket::new_v4()?, host, caller.session()).await? })
    }
}

/// Opens the standalone stream of a session over a socket: read up to the status.
pub(crate) async fn standalone(socket: TcpSocket, host: SocketAddr, session: &str) -> BenchResult<TcpStream> {
    let head = format!(
        "GET /mcp HTTP/1.1\r\nhost: {host}\r\naccept: text/event-stream\r\n\
         mcp-protocol-version: 2025-11-25\r\nmcp-session-id: {session}\r\n\r\n"
    );
    let mut stream = socket.connect(host).await?;
    stream.write_all(head.as_bytes()).await?;
    let mut status = [0; 12];
    stream.read_exact(&mut status).await?;
    match &status {
        b"HTTP/1.1 200" => Ok(stream),
        other => Err(BenchError::wrong(String::from_utf8_lossy(other))),
    }
}
