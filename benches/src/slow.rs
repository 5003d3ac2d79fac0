use std::net::SocketAddr;
use std::time::Duration;

use fastestmcp_benches::news;
use socket2::{Domain, Socket, Type};
use tokio::io::AsyncReadExt;
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use crate::caller::{Caller, Era, Work};
use crate::listener::standalone;
use crate::report::{BenchError, BenchResult};

/// Bytes of its receive buffer: Linux makes 2,304 of it, the least there is.
const BUFFER: usize = 1;
/// Bytes of a segment at most, as on Ethernet.
const SEGMENT: u32 = 1_460;
const PACE: Duration = Duration::from_secs(1);
/// When to come back, as the server says it.
const RETRY: Duration = Duration::from_secs(1);
/// A stream on which nothing has come for so long has brought all there is.
const QUIET: Duration = Duration::from_secs(2);
/// How an event of news reads, up to the URI.
const NEWS: &[u8] = b"notifications/resources/updated";
/// The end of a stream within its connection.
const LAST: &[u8] = b"\r\n0\r\n\r\n";

/// A session that is subscribed to the news, and whose client reads its standalone stream a byte a second. Its receive buffer
/// is as small as the system allows, and its segments are those of a network: on loopback they have 64 KiB, for which the
/// server's kernel keeps a send buffer of 2.6 MB, so that it would read for the client.
pub(crate) struct SlowReader {
    host: SocketAddr,
    session: String,
    stream: TcpStream,
    /// What it has read since it last came.
    seen: Vec<u8>,
}

impl SlowReader {
    pub(crate) async fn open(host: SocketAddr) -> BenchResult<Self> {
        let mut caller = Caller::open(host, Era::Session, Work::Echo).await?;
        caller.subscribe(&news()).await?;
        let session = caller.session().to_owned();
        let stream = standalone(socket()?, host, &session).await?;
        Ok(Self { host, session, stream, seen: Vec::new() })
    }

    /// Reads a byte a second until it is told to stop, and comes back when it is hung up on: how often it was.
    pub(crate) async fn read_slowly(&mut self, mut stop: watch::Receiver<bool>) -> BenchResult<u64> {
        let mut cuts = 0;
        loop {
            tokio::select! {
                // Nobody who could tell it is left: stopped as well.
                _ = stop.wait_for(|stop| *stop) => return Ok(cuts),
                () = sleep(PACE) => {}
            }
            let mut byte = [0];
            let read = tokio::select! {
                _ = stop.wait_for(|stop| *stop) => return Ok(cuts),
                read = self.stream.read(&mut byte) => read,
            };
            match read {
                Ok(1) => self.seen.extend(byte),
                _ => {
                    cuts += 1;
                    self.come_back().await?;
                }
            }
        }
    }

    /// Reads all there is, as fast as it comes, and comes back if its stream has ended: how many news there were.
    pub(crate) async fn catch_up(&mut self) -> BenchResult<usize> {
        let mut news = 0;
        let mut came_back = 0;
        loop {
            let has_ended = match timeout(QUIET, self.stream.read_buf(&mut self.seen)).await {
                Ok(Ok(read)) => read == 0 || self.seen.ends_with(LAST),
                Ok(Err(_)) => true,
                Err(_) => return Ok(news + self.news()),
            };
            if has_ended {
                news += self.news();
                came_back += 1;
                if came_back > 10 {
                    return Err(BenchError::wrong("a stream ends again and again"));
                }
                self.come_back().await?;
            }
        }
    }

    /// Waits for one more event of news.
    pub(crate) async fn hears(&mut self) -> BenchResult<()> {
        self.seen.clear();
        while self.news() == 0 {
            if self.stream.read_buf(&mut self.seen).await? == 0 || self.seen.ends_with(LAST) {
                self.come_back().await?;
            }
        }
        Ok(())
    }

    fn news(&self) -> usize {
        self.seen.windows(NEWS.len()).filter(|window| *window == NEWS).count()
    }

    async fn come_back(&mut self) -> BenchResult<()> {
        sleep(RETRY).await;
        self.stream = standalone(socket()?, self.host, &self.session).await?;
        self.seen.clear();
        Ok(())
    }
}

fn socket() -> BenchResult<TcpSocket> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.set_recv_buffer_size(BUFFER)?;
    socket.set_tcp_mss(SEGMENT)?;
    socket.set_nonblocking(true)?;
    Ok(TcpSocket::from_std_stream(socket.into()))
}
