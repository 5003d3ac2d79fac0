use std::io;
use std::net::SocketAddr;

use fastestmcp_core::Stores;
use fastestmcp_core::ids;
use fastestmcp_core::principal::Principal;
use fastestmcp_core::runtime::{LocalClient, Runtime, RuntimeConfig, StartError};
use fastestmcp_core::tool::Tool;
use tokio::net::{TcpListener, ToSocketAddrs, lookup_host};

use crate::bound::BoundServer;
use crate::builder::ServerBuilder;
use crate::config::HttpConfig;
use crate::error::ServerError;
use crate::handler::McpHandler;
use crate::http::McpService;
use crate::signal;
use crate::stdio;
use crate::stop::Why;
use crate::telemetry;

/// An MCP server: tools, and the stores that keep their state.
#[derive(Debug)]
pub struct Server {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) instructions: Option<String>,
    pub(crate) tools: Vec<Tool>,
    pub(crate) stores: Stores,
    pub(crate) runtime: RuntimeConfig,
    pub(crate) http: HttpConfig,
    pub(crate) principal: Principal,
}

impl Server {
    /// Begins a server that clients see under `name`.
    pub fn builder(name: impl Into<String>) -> ServerBuilder {
        ServerBuilder::new(name.into())
    }

    /// Serves HTTP and runs tasks until the process is asked to stop ([`stop_signal`](crate::stop_signal)), then drains
    /// (contract R7).
    ///
    /// # Errors
    /// The runtime could not start, or the address could not be bound.
    pub async fn serve_http(self, addr: impl ToSocketAddrs + Send) -> Result<(), ServerError> {
        let stop = signal::asked();
        self.bind_http(addr).await?.serve_while(stop).await
    }

    /// Starts the runtime and binds the address without accepting yet.
    ///
    /// # Errors
    /// The runtime could not start, or the address could not be bound.
    pub async fn bind_http(self, addr: impl ToSocketAddrs + Send) -> Result<BoundServer, ServerError> {
        let listener = listen(addr).await?;
        let local: SocketAddr = listener.local_addr()?;
        Ok(BoundServer::new(listener, local, self.into_service().await?))
    }

    /// Starts the runtime and gives the endpoint to mount in an application of your own: see
    /// [`McpService::serve_with`].
    ///
    /// # Errors
    /// The runtime could not start.
    pub async fn into_service(self) -> Result<McpService, ServerError> {
        let http = self.http.clone();
        let handler = self.start().await?;
        Ok(McpService::new(handler, http))
    }

    /// Starts the runtime and gives a client of it within this process: for an author's own tests.
    ///
    /// # Errors
    /// The runtime could not start.
    pub async fn local(self, principal: Principal) -> Result<LocalClient, ServerError> {
        Ok(self.start().await?.runtime().local(principal))
    }

    /// Serves one client on standard input and output, and runs tasks, until the input ends or a signal comes
    /// ([`stop_signal`](crate::stop_signal)). What was answered is written before it returns; a client that no longer
    /// reads delays that by 2 s at most.
    ///
    /// # Errors
    /// The runtime could not start, or the client never opened a connection.
    pub async fn serve_stdio(self) -> Result<(), ServerError> {
        let (max_line, stop) = (self.http.max_body, signal::asked());
        let handler = self.start().await?;
        telemetry::started(&handler, "stdio");
        let served = stdio::serve(&handler, max_line, async { Why::Signal(stop.await) }).await;
        let drained = handler.drain().await;
        telemetry::stopped(*served.as_ref().unwrap_or(&Why::BadClient), &drained);
        served.map(|_| ())
    }

    /// Runs tasks and serves nobody, until a signal comes.
    ///
    /// # Errors
    /// The runtime could not start.
    pub async fn run_workers(self) -> Result<(), ServerError> {
        let stop = signal::asked();
        let handler = self.start().await?;
        telemetry::started(&handler, "nothing, to run tasks");
        let why = Why::Signal(stop.await);
        telemetry::stopped(why, &handler.drain().await);
        Ok(())
    }

    async fn start(self) -> Result<McpHandler, ServerError> {
        let mut config = self.runtime;
        if config.node.is_none() {
            let random = ids::random_token().map_err(StartError::from)?;
            config.node = Some(format!("node-{}", ids::brief(&random)));
        }
        let mut builder = Runtime::builder(self.stores).config(config);
        for tool in &self.tools {
            builder = builder.tool(tool.clone());
        }
        let runtime = builder.build().await?;
        runtime.start();
        Ok(McpHandler::new(runtime, &self.name, &self.version, self.instructions, &self.tools, self.principal))
    }
}

/// Listens on the first address that can be listened on.
async fn listen(addr: impl ToSocketAddrs + Send) -> Result<TcpListener, ServerError> {
    let mut refused = None;
    for address in lookup_host(addr).await.map_err(ServerError::Resolve)? {
        match TcpListener::bind(address).await {
            Ok(listener) => return Ok(listener),
            Err(error) => {
                refused.get_or_insert(ServerError::Listen { address, error });
            }
        }
    }
    Err(refused.unwrap_or_else(|| ServerError::Resolve(io::ErrorKind::NotFound.into())))
}
