use std::net::SocketAddr;
use std::time::Duration;

use axum::serve::ListenerExt;
use tokio::net::TcpListener;

use crate::error::ServerError;
use crate::http::McpService;

/// How long connections may take to end once everything they carry has been told to.
const LINGER: Duration = Duration::from_secs(2);

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

    /// The endpoint it serves.
    pub const fn service(&self) -> &McpService {
        &self.service
    }

    /// Serves until SIGTERM or SIGINT, then drains.
    ///
    /// # Errors
    /// The listener failed.
    pub async fn serve_until_signal(self) -> Result<(), ServerError> {
        self.serve(crate::signal::stop()).await
    }

    /// Serves until `stop` ends, then accepts no more, drains, and returns (contract R7).
    ///
    /// # Errors
    /// The listener failed.
    pub async fn serve(self, stop: impl Future<Output = ()> + Send + 'static) -> Result<(), ServerError> {
        let Self { listener, service, .. } = self;
        // Without it an answer on an event stream waits for the client's delayed acknowledgement: 40 ms.
        let listener = listener.tap_io(|stream| {
            if let Err(error) = stream.set_nodelay(true) {
                tracing::debug!(%error, "TCP_NODELAY");
            }
        });
        let stopping = tokio_util::sync::CancellationToken::new();
        let accepting = {
            let stopping = stopping.clone();
            axum::serve(listener, service.router()).with_graceful_shutdown(async move {
                stop.await;
                stopping.cancel();
            })
        };
        let drain = async {
            stopping.cancelled().await;
            service.shutdown().await;
            tokio::time::sleep(LINGER).await;
        };
        tokio::select! {
            served = accepting.into_future() => {
                // Every connection has ended by itself, before the drain or during it.
                service.shutdown().await;
                Ok(served?)
            }
            () = drain => Ok(()),
        }
    }
}
