use std::convert::Infallible;
use std::fmt;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::routing::any;
use bytes::Bytes;
use fastestmcp_core::runtime::{Runtime, StartError};
use fastestmcp_rmcp::{SharedHttpConfig, SharedHttpService};
use http_body_util::BodyExt;
use http_body_util::combinators::UnsyncBoxBody;
use tokio::net::TcpListener;

use super::connections::Connections;
use super::endpoint::Endpoint;
use super::wire::ServerWire;
use super::{health, place};
use crate::auth::Authenticator;
use crate::config::HttpConfig;
use crate::error::ServerError;
use crate::handler::McpHandler;
use crate::signal;
use crate::stop::Why;
use crate::telemetry::{self, Drained, TARGET};

/// How long connections may take to end once everything they carry has been told to.
const LINGER: Duration = Duration::from_secs(2);

/// The body of a response.
pub type McpBody = UnsyncBoxBody<Bytes, Box<dyn std::error::Error + Send + Sync>>;

/// A running MCP endpoint, to be mounted in an application: as its [`router`](Self::router), or wherever a tower `Service` can be,
/// which answers whatever the path is.
///
/// ```
/// # async fn example(server: fastestmcp_server::Server) -> Result<(), fastestmcp_server::ServerError> {
/// let service = server.into_service().await?;
/// let app: axum::Router = axum::Router::new().route_service("/tools/mcp", service.clone());
/// let listener = tokio::net::TcpListener::bind("127.0.0.1:8000").await?;
/// service.serve_with(app, listener, fastestmcp_server::stop_signal()).await
/// # }
/// ```
#[derive(Clone)]
pub struct McpService {
    handler: McpHandler,
    endpoint: Arc<Endpoint>,
    router: Router,
    service: SharedHttpService<McpHandler>,
    config: HttpConfig,
}

impl fmt::Debug for McpService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("McpService").field("runtime", self.runtime()).finish_non_exhaustive()
    }
}

impl McpService {
    /// # Errors
    /// The operating system's random source failed.
    pub(crate) fn new(
        handler: McpHandler,
        config: HttpConfig,
        authenticator: Arc<dyn Authenticator>,
    ) -> Result<Self, ServerError> {
        let runtime = handler.runtime().clone();
        let limits = runtime.config();
        let mut hosts = config.allowed_hosts.clone();
        // None at all are any.
        if !hosts.is_empty() {
            hosts.extend(config.public_host().map(str::to_owned));
        }
        let shared = SharedHttpConfig::default()
            .allowed_hosts(hosts)
            .allowed_origins(config.origins())
            // A renamed method makes a message longer than what was measured.
            .max_body(config.max_body.saturating_add(64))
            .sse_keep_alive(config.sse_keep_alive)
            .json_responses(config.json_responses)
            // Calls have limits of their own, of time and of number; waits for tasks may be as long as a session.
            .longest_call(limits.session_max)
            .max_calls(
                limits.max_calls_per_owner + limits.max_waiters_per_owner,
                limits.max_calls + limits.max_waiters,
            );
        let wire = ServerWire::new(&handler);
        let service = SharedHttpService::new(handler.clone(), runtime, wire, shared).map_err(StartError::from)?;
        let endpoint = Arc::new(Endpoint {
            service: service.clone(),
            authenticator,
            address_header: config.address_header(),
            max_body: config.max_body,
            body_timeout: config.body_timeout,
        });
        let serve = async |State(endpoint): State<Arc<Endpoint>>, request: Request| endpoint.serve(request).await;
        let mut router = Router::new().route(&config.path, any(serve)).with_state(endpoint.clone());
        if let Some(path) = &config.health {
            router = router.merge(health::routes(path, handler.runtime()));
        }
        Ok(Self { handler, endpoint, router, service, config })
    }

    /// The endpoint under its configured path, and the routes of [`HttpConfig::health`], to be merged into an application that [`McpService::serve_with`] serves.
    ///
    /// Whoever serves it otherwise sets `TCP_NODELAY` on the sockets, limits how long a head may take to arrive, and
    /// calls [`McpService::shutdown`] **while** connections end: an event stream ends only with it, so that waiting for
    /// all connections first, as axum's graceful shutdown does, never ends.
    pub fn router(&self) -> Router {
        self.router.clone()
    }

    /// What runs behind it.
    pub fn runtime(&self) -> &Runtime {
        self.handler.runtime()
    }

    /// Serves an application of your own, which the endpoint is a part of, until `stop` ends; then accepts no more,
    /// drains, ends all streams, and returns (contract R7). Connections have the limits of [`HttpConfig`], and requests
    /// carry axum's `ConnectInfo<SocketAddr>`.
    ///
    /// ```
    /// # async fn example(server: fastestmcp_server::Server) -> Result<(), fastestmcp_server::ServerError> {
    /// use axum::{Router, routing::get};
    ///
    /// let service = server.into_service().await?;
    /// let app = Router::new().route("/health", get(|| async { "well" })).merge(service.router());
    /// let listener = tokio::net::TcpListener::bind("127.0.0.1:8000").await?;
    /// service.serve_with(app, listener, fastestmcp_server::stop_signal()).await
    /// # }
    /// ```
    ///
    /// # Errors
    /// The listener has no address.
    pub async fn serve_with(
        &self,
        app: Router,
        listener: TcpListener,
        stop: impl Future<Output = ()> + Send,
    ) -> Result<(), ServerError> {
        let stop = async {
            stop.await;
            signal::received().map_or(Why::Asked, Why::Signal)
        };
        self.serve_until(app, listener, stop).await
    }

    pub(crate) async fn serve_until(
        &self,
        app: Router,
        listener: TcpListener,
        stop: impl Future<Output = Why> + Send,
    ) -> Result<(), ServerError> {
        let address = self.url(listener.local_addr()?);
        let connections = Connections::new(app, self.config.max_connections, self.config.head_timeout);
        telemetry::started(self.handler.runtime(), self.handler.server_info(), &address);
        let why = tokio::select! {
            never = connections.accept(listener) => match never {},
            why = stop => why,
        };
        tracing::debug!(target: TARGET, %why, connections = connections.open(), "stopping");
        connections.stop();
        let drained = self.end().await;
        if tokio::time::timeout(LINGER, connections.ended()).await.is_err() {
            tracing::debug!(target: TARGET, connections = connections.open(), "some connections are cut off");
        }
        telemetry::stopped(why, &drained);
        Ok(())
    }

    pub(crate) fn url(&self, local: SocketAddr) -> String {
        place::url(&self.config, local)
    }

    /// Drains (contract R7): lets running calls and tasks end within the drain period, or hands them back, then ends all
    /// streams. Stop accepting first.
    pub async fn shutdown(&self) {
        self.end().await;
    }

    async fn end(&self) -> Drained {
        self.handler.drain(self.service.drain(Duration::ZERO)).await
    }
}

impl<B> tower_service::Service<::http::Request<B>> for McpService
where
    B: hyper::body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    type Response = ::http::Response<McpBody>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: ::http::Request<B>) -> Self::Future {
        let endpoint = self.endpoint.clone();
        Box::pin(async move {
            let response = endpoint.serve(request.map(Body::new)).await;
            Ok(response.map(|body| body.map_err(Into::into).boxed_unsync()))
        })
    }
}
