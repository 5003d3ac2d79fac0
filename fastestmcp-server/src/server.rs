use std::fmt;
use std::future::ready;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use fastestmcp_core::principal::Principal;
use fastestmcp_core::runtime::{LocalClient, RuntimeBuilder};
use rmcp::model::Implementation;
use tokio::net::{TcpListener, ToSocketAddrs, lookup_host};

use crate::auth::Authenticator;
use crate::bound::BoundServer;
use crate::config::HttpConfig;
use crate::error::ServerError;
use crate::handler::McpHandler;
use crate::http::{McpService, place};
use crate::signal;
use crate::stdio;
use crate::stop::Why;
use crate::telemetry;

/// An MCP server: tools, resources and prompts, and the stores that keep their state.
///
/// It serves HTTP ([`serve_http`](Self::serve_http), or [`into_service`](Self::into_service) within an application of
/// your own), one client on standard input and output ([`serve_stdio`](Self::serve_stdio)), tests in the same process
/// ([`local`](Self::local)), or nobody but the tasks of others ([`run_workers`](Self::run_workers)).
///
/// ```
/// use fastestmcp_core::Stores;
/// use fastestmcp_core::principal::Principal;
/// use fastestmcp_core::context::Context;
/// use fastestmcp_core::component::{NoArgs, Tool};
/// use fastestmcp_server::Server;
///
/// async fn hello(stores: Stores) -> Result<String, Box<dyn std::error::Error>> {
///     let server = Server::builder("hello")
///         .tool(Tool::new("hello", async |_: Context, _: NoArgs| Ok("hello")))
///         .stores(stores)
///         .build()?;
///     let client = server.local(Principal::Local("me".into())).await?;
///     let output = client.call("hello", serde_json::json!({})).await?;
///     Ok(output.content[0].as_text().unwrap_or_default().to_owned())
/// }
/// ```
pub struct Server {
    pub(crate) info: Implementation,
    pub(crate) instructions: Option<String>,
    pub(crate) runtime: RuntimeBuilder,
    pub(crate) http: HttpConfig,
    pub(crate) principal: Principal,
    pub(crate) authenticator: Arc<dyn Authenticator>,
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("name", &self.info.name).field("runtime", &self.runtime).finish_non_exhaustive()
    }
}

impl Server {
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
        let http = place::listening(self.http.clone(), local);
        Ok(BoundServer::new(listener, local, Self { http, ..self }.into_service().await?))
    }

    /// Starts the runtime and gives the endpoint to mount in an application of your own: see
    /// [`McpService::serve_with`].
    ///
    /// # Errors
    /// The runtime could not start.
    pub async fn into_service(self) -> Result<McpService, ServerError> {
        let (http, authenticator) = (self.http.clone(), self.authenticator.clone());
        McpService::new(self.start().await?, http, authenticator)
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
        telemetry::started(handler.runtime(), handler.server_info(), "stdio");
        let served = stdio::serve(&handler, max_line, async { Why::Signal(stop.await) }).await;
        let drained = handler.drain(ready(())).await;
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
        telemetry::started(handler.runtime(), handler.server_info(), "nothing, to run tasks");
        let why = Why::Signal(stop.await);
        telemetry::stopped(why, &handler.drain(ready(())).await);
        Ok(())
    }

    async fn start(self) -> Result<McpHandler, ServerError> {
        let runtime = self.runtime.build().await?;
        runtime.start();
        Ok(McpHandler::new(runtime, self.info, self.instructions, self.principal))
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
