use std::net::SocketAddr;

use tokio::net::TcpListener;

use crate::error::ServerError;
use crate::http::McpService;
use crate::signal;
use crate::stop::Why;

/// A server that has its address and does not accept yet.
#[derive(Debug)]
pub struct BoundServer {
    listener: TcpListener,
    local: SocketAddr,
    service: McpService,
}

impl BoundServer {
    pub(crate) const fn new(listener: TcpListener, local: SocketAddr, service: McpService) -> Self {
        Self { listener, local, service }
    }

    /// Where it listens.
    pub const fn local_addr(&self) -> SocketAddr {
        self.local
    }

    /// Where clients reach it: the [public URL](crate::HttpConfig::public_url), else one that its checks of hosts let through.
    pub fn url(&self) -> String {
        self.service.url(self.local)
    }

    /// The endpoint it serves.
    pub const fn service(&self) -> &McpService {
        &self.service
    }

    /// Serves until the process is asked to stop ([`stop_signal`](crate::stop_signal)), then drains.
    ///
    /// # Errors
    /// None that is known: what goes wrong with one connection ends that one.
    pub async fn serve_until_signal(self) -> Result<(), ServerError> {
        self.serve_while(signal::asked()).await
    }

    pub(crate) async fn serve_while(self, asked: impl Future<Output = &'static str> + Send) -> Result<(), ServerError> {
        let stop = async { Why::Signal(asked.await) };
        self.service.serve_until(self.service.router(), self.listener, stop).await
    }

    /// Serves until `stop` ends, then accepts no more, drains, and returns (contract R7).
    ///
    /// # Errors
    /// None that is known: what goes wrong with one connection ends that one.
    pub async fn serve(self, stop: impl Future<Output = ()> + Send) -> Result<(), ServerError> {
        self.service.serve_with(self.service.router(), self.listener, stop).await
    }
}
