use std::net::SocketAddr;

use fastestmcp_core::Stores;
use fastestmcp_core::principal::Principal;
use fastestmcp_core::runtime::{LocalClient, Runtime, RuntimeConfig};
use fastestmcp_core::tool::Tool;
use tokio::net::{TcpListener, ToSocketAddrs};

use crate::bound::BoundServer;
use crate::builder::ServerBuilder;
use crate::config::HttpConfig;
use crate::error::ServerError;
use crate::handler::McpHandler;
use crate::http::McpService;
use crate::signal;
use crate::stdio;

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

    /// Serves HTTP and runs tasks until SIGTERM or SIGINT, then drains (contract R7).
    ///
    /// # Errors
    /// The runtime could not start, or the address could not be bound.
    pub async fn serve_http(self, addr: impl ToSocketAddrs + Send) -> Result<(), ServerError> {
        self.bind_http(addr).await?.serve_until_signal().await
    }

    /// Starts the runtime and binds the address without accepting yet.
    ///
    /// # Errors
    /// The runtime could not start, or the address could not be bound.
    pub async fn bind_http(self, addr: impl ToSocketAddrs + Send) -> Result<BoundServer, ServerError> {
        let listener = TcpListener::bind(addr).await?;
        let local: SocketAddr = listener.local_addr()?;
        Ok(BoundServer::new(listener, local, self.into_service().await?))
    }

    /// Starts the runtime and gives the endpoint to mount in an application of your own.
    ///
    /// # Errors
    /// The runtime could not start.
    pub async fn into_service(self) -> Result<McpService, ServerError> {
        let http = self.http.clone();
        let handler = self.start().await?;
        Ok(McpService::new(handler, &http))
    }

    /// Starts the runtime and gives a client of it within this process: for an author's own tests.
    ///
    /// # Errors
    /// The runtime could not start.
    pub async fn local(self, principal: Principal) -> Result<LocalClient, ServerError> {
        Ok(self.start().await?.runtime().local(principal))
    }

    /// Serves one client on standard input and output, and runs tasks, until the input ends or a signal comes.
    ///
    /// # Errors
    /// The runtime could not start, or the client never opened a connection.
    pub async fn serve_stdio(self) -> Result<(), ServerError> {
        let max_line = self.http.max_body;
        let handler = self.start().await?;
        let runtime = handler.runtime().clone();
        let served = stdio::serve(handler, max_line, signal::stop()).await;
        runtime.shutdown().await;
        served
    }

    /// Runs tasks and serves nobody, until a signal comes.
    ///
    /// # Errors
    /// The runtime could not start.
    pub async fn run_workers(self) -> Result<(), ServerError> {
        let handler = self.start().await?;
        signal::stop().await;
        handler.runtime().shutdown().await;
        Ok(())
    }

    async fn start(self) -> Result<McpHandler, ServerError> {
        let mut builder = Runtime::builder(self.stores).config(self.runtime);
        for tool in &self.tools {
            builder = builder.tool(tool.clone());
        }
        let runtime = builder.build().await?;
        runtime.start();
        Ok(McpHandler::new(runtime, &self.name, &self.version, self.instructions, &self.tools, self.principal))
    }
}
