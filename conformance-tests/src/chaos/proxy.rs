use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener as Listener};
use std::sync::Arc;
use std::thread;

use tokio::net::TcpListener;
use tokio::runtime::Builder;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use super::relay::relay;
use super::state::{Cut, Mishap, State};

/// A TCP proxy in front of a server, that spoils what passes through it on demand. It has a thread of its own, and ends
/// with all of its connections when it is dropped.
///
/// ```
/// use std::io::{Read, Write};
/// use std::net::{TcpListener, TcpStream};
///
/// use fastestmcp_conformance::chaos::{ChaosProxy, Cut};
///
/// # fn main() -> std::io::Result<()> {
/// let server = TcpListener::bind("127.0.0.1:0")?;
/// let proxy = ChaosProxy::start(server.local_addr()?.to_string())?;
/// let mut client = TcpStream::connect(proxy.address())?;
/// let (mut accepted, _) = server.accept()?;
/// client.write_all(b"hello")?;
/// let mut heard = [0; 5];
/// accepted.read_exact(&mut heard)?;
/// assert_eq!(&heard, b"hello");
///
/// proxy.cut(Cut::Reset);
/// assert!(client.read(&mut heard).is_err());
/// proxy.heal();
/// assert!(TcpStream::connect(proxy.address()).is_ok());
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct ChaosProxy {
    address: SocketAddr,
    state: Arc<State>,
    /// Dropping it ends the thread.
    _alive: oneshot::Sender<()>,
}

impl ChaosProxy {
    /// In front of `upstream`, a host and a port.
    ///
    /// # Errors
    /// There is no port or no thread to be had.
    pub fn start(upstream: impl Into<String>) -> io::Result<Self> {
        Self::start_for(upstream, |_| true)
    }

    /// As [`ChaosProxy::start`]; the mishaps of single requests happen only to bytes from a client for which
    /// `is_request` is true. With it pings, handshakes and listeners of a driver are left alone: for instance
    /// `|bytes| bytes.windows(7).any(|word| word == b"EVALSHA")`.
    ///
    /// # Errors
    /// As [`ChaosProxy::start`].
    pub fn start_for(
        upstream: impl Into<String>,
        is_request: impl Fn(&[u8]) -> bool + Send + Sync + 'static,
    ) -> io::Result<Self> {
        Self::run(upstream.into(), Arc::new(State::new(Arc::new(is_request))))
    }

    pub(super) fn run(upstream: String, state: Arc<State>) -> io::Result<Self> {
        let listener = Listener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let (alive, ended) = oneshot::channel();
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let seen = state.clone();
        thread::Builder::new().name("chaos-proxy".to_owned()).spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    _ = ended => {}
                    () = accept(listener, &upstream, &seen) => {}
                }
            });
        })?;
        Ok(Self { address, state, _alive: alive })
    }

    /// Where clients connect to.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Cuts all connections, those to come included, until [`ChaosProxy::heal`].
    pub fn cut(&self, cut: Cut) {
        self.state.cut(cut);
    }

    /// Lets everything pass again, and forgets a mishap that no request has met.
    pub fn heal(&self) {
        self.state.heal();
    }

    /// The next request meets `mishap`.
    pub fn spoil_next(&self, mishap: Mishap) {
        self.state.spoil_next(mishap);
    }
}

async fn accept(listener: Listener, upstream: &str, state: &Arc<State>) {
    let Ok(listener) = TcpListener::from_std(listener) else { return };
    // Its connections end with it.
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            Ok((client, _)) = listener.accept() => {
                let (upstream, state) = (upstream.to_owned(), state.clone());
                connections.spawn(async move { relay(client, &upstream, &state).await });
            }
            Some(_) = connections.join_next() => {}
        }
    }
}
