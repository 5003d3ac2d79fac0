use std::convert::Infallible;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ::http::Request;
use axum::Router;
use axum::extract::ConnectInfo;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use super::refusal::Refusal;
use super::unstalled::Unstalled;
use crate::telemetry::TARGET;

/// How long a client that does not read what it is sent keeps its connection.
const STALLED: Duration = Duration::from_secs(60);
/// What a head may take at the least and at most, whatever is configured: each deadline must be an instant.
const SHORTEST: Duration = Duration::from_millis(1);
const LONGEST: Duration = Duration::from_secs(24 * 3_600);
/// How long to wait when nothing can be accepted, for instance because the process has no more file descriptors.
const PAUSE: Duration = Duration::from_secs(1);
/// How many clients are told at once that there is no room for them; more are hung up on.
const TURNED_AWAY: usize = 64;
/// How often it is logged.
const WARNING: Duration = Duration::from_secs(10);
/// How long telling them may take.
const TELLING: Duration = Duration::from_secs(1);

/// The connections of one listener.
pub(super) struct Connections {
    app: Router,
    /// How long a request's head may take to arrive, and how long a connection is kept that asks nothing.
    head_timeout: Duration,
    room: Arc<Semaphore>,
    turned_away: Arc<Semaphore>,
    warned: Mutex<Option<Instant>>,
    open: TaskTracker,
    stopping: CancellationToken,
    /// Connections do not outlive who gives up serving them.
    _stop: DropGuard,
}

impl Connections {
    pub(super) fn new(app: Router, max: usize, head_timeout: Duration) -> Self {
        let stopping = CancellationToken::new();
        Self {
            app,
            head_timeout: head_timeout.clamp(SHORTEST, LONGEST),
            room: Arc::new(Semaphore::new(affordable(max))),
            turned_away: Arc::new(Semaphore::new(TURNED_AWAY)),
            warned: Mutex::new(None),
            open: TaskTracker::new(),
            _stop: stopping.clone().drop_guard(),
            stopping,
        }
    }

    /// Accepts and serves connections until it is dropped; those that were accepted go on.
    pub(super) async fn accept(&self, listener: TcpListener) -> Infallible {
        loop {
            match listener.accept().await {
                Ok((stream, peer)) => self.admit(stream, peer),
                Err(error) if is_of_one_connection(&error) => {}
                Err(error) => {
                    tracing::warn!(target: TARGET, %error, "no connection can be accepted");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }

    fn admit(&self, stream: TcpStream, peer: SocketAddr) {
        let Ok(room) = self.room.clone().try_acquire_owned() else {
            self.warn();
            if let Ok(turn) = self.turned_away.clone().try_acquire_owned() {
                tokio::spawn(async move {
                    // Whether it listens or not.
                    let _ = tokio::time::timeout(TELLING, turn_away(stream)).await;
                    drop(turn);
                });
            }
            return;
        };
        // Without it an answer on an event stream waits for the client's delayed acknowledgement: 40 ms.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(target: TARGET, %error, "TCP_NODELAY");
        }
        let serving = serve(stream, peer, self.app.clone(), self.head_timeout, self.stopping.clone());
        self.open.spawn(async move {
            if let Err(error) = serving.await {
                tracing::debug!(target: TARGET, %peer, %error, "a connection ended badly");
            }
            drop(room);
        });
    }

    /// Says that there is no room, but not for each who comes.
    fn warn(&self) {
        if let Ok(mut warned) = self.warned.lock()
            && warned.is_none_or(|at| at.elapsed() >= WARNING)
        {
            *warned = Some(Instant::now());
            tracing::warn!(target: TARGET, open = self.open(), "there is no room for another connection");
        }
    }

    /// How many are open.
    pub(super) fn open(&self) -> usize {
        self.open.len()
    }

    /// Ends those that are idle, and the others with their next answer.
    pub(super) fn stop(&self) {
        self.stopping.cancel();
        self.open.close();
    }

    /// Ends when all have ended.
    pub(super) async fn ended(&self) {
        self.open.wait().await;
    }
}

async fn serve(
    stream: TcpStream,
    peer: SocketAddr,
    app: Router,
    head_timeout: Duration,
    stopping: CancellationToken,
) -> hyper::Result<()> {
    let app = TowerToHyperService::new(app);
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        app.call(request)
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(head_timeout);
    let io = TokioIo::new(Unstalled::new(stream, STALLED));
    let mut connection = std::pin::pin!(http.serve_connection(io, service).with_upgrades());
    tokio::select! {
        ended = connection.as_mut() => return ended,
        () = stopping.cancelled() => {}
    }
    connection.as_mut().graceful_shutdown();
    connection.await
}

/// Answers whatever is asked with "overloaded", and hangs up.
async fn turn_away(mut stream: TcpStream) -> io::Result<()> {
    let refusal = Refusal::Overloaded { resource: "connections", retry_after: PAUSE };
    let body = refusal.message().to_string();
    let head =
        "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\nretry-after: 1\r\nconnection: close";
    stream.write_all(format!("{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len()).as_bytes()).await?;
    stream.shutdown().await?;
    // What is hung up on before all is read may lose the answer.
    let mut rest = [0; 4_096];
    while stream.read(&mut rest).await? > 0 {}
    Ok(())
}

/// As many of `max` as the process has file descriptors for, with an eighth left for stores and files.
fn affordable(max: usize) -> usize {
    #[cfg(unix)]
    if let Some(files) = rustix::process::getrlimit(rustix::process::Resource::Nofile).current {
        let files = usize::try_from(files).unwrap_or(usize::MAX);
        return max.min(files - files / 8).clamp(1, Semaphore::MAX_PERMITS);
    }
    max.clamp(1, Semaphore::MAX_PERMITS)
}

/// Whether only the connection failed that was being accepted.
fn is_of_one_connection(error: &io::Error) -> bool {
    use ErrorKind as E;
    matches!(error.kind(), E::ConnectionRefused | E::ConnectionAborted | E::ConnectionReset)
}
