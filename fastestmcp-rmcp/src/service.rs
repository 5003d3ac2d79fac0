use std::convert::Infallible;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use fastestmcp_core::Stores;
use fastestmcp_core::event::Changes;
use fastestmcp_core::ids::RandomSourceFailed;
use fastestmcp_core::runtime::{Runtime, StartError};
use http::request::Parts;
use http::{Method, Request, Response, StatusCode};
use http_body::Body;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use rmcp::ServerHandler;
use rmcp::model::ErrorCode;
use rmcp::transport::StreamableHttpService;
use rmcp::transport::streamable_http_server::session::never::NeverSessionManager;
use tokio_util::sync::CancellationToken;

use crate::body::ResponseBody;
use crate::config::SharedHttpConfig;
use crate::direction::Direction;
use crate::envelope::Envelope;
use crate::http::{self as sessions, Refusal};
use crate::node::Node;
use crate::outbox::Outbox;
use crate::wire::{Anonymous, Wire};

/// How long readers may take to the last of their streams.
const LAST_READ: Duration = Duration::from_millis(500);
/// How often it is looked whether they have it, and whether it is in the log.
const LOOK: Duration = Duration::from_millis(10);

/// An MCP endpoint over HTTP for a [`ServerHandler`] of rmcp, in place of rmcp's own `StreamableHttpService`: sessions,
/// streams and replies are in shared stores, so that they survive restarts, and each request may reach another node.
///
/// It serves all revisions. Those without sessions (2026-07-28) rmcp itself serves, behind the same endpoint.
///
/// ```
/// # use fastestmcp_core::Stores;
/// # use rmcp::ServerHandler;
/// use fastestmcp_rmcp::{SharedHttpConfig, SharedHttpService};
///
/// #[derive(Clone)]
/// struct App;
///
/// impl ServerHandler for App {}
///
/// # async fn example(stores: Stores) -> Result<axum::Router, fastestmcp_rmcp::StartError> {
/// let service = SharedHttpService::start(App, stores, SharedHttpConfig::default()).await?;
/// let app = axum::Router::new().route_service("/mcp", service);
/// # Ok(app)
/// # }
/// ```
///
/// # What differs from rmcp's own
/// - One handler serves all sessions: what it must know of one belongs into a store. `context.extensions` has the
///   [`Session`](crate::Session), and the head of the request as `http::request::Parts`.
/// - A `Peer` ends with its request; [`SessionClient::peer`](crate::SessionClient::peer) gives one that belongs to none.
/// - Log messages go out on the stream of the request that they come from, list changes and updated resources on the
///   standalone stream. An answer that comes at once is one JSON body.
/// - `notifications/cancelled` cancels the request's token; the handler's `on_cancelled` is not called.
pub struct SharedHttpService<H> {
    node: Arc<Node>,
    stateless: StreamableHttpService<H, NeverSessionManager>,
    direction: Arc<Direction>,
}

impl<H> Clone for SharedHttpService<H> {
    fn clone(&self) -> Self {
        let (node, direction) = (self.node.clone(), self.direction.clone());
        Self { node, stateless: self.stateless.clone(), direction }
    }
}

impl<H> fmt::Debug for SharedHttpService<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedHttpService").field("node", &self.node.name).finish_non_exhaustive()
    }
}

impl<H: ServerHandler + Clone> SharedHttpService<H> {
    /// An endpoint for anonymous callers on a runtime of its own, which also keeps the stores swept. Must be called within a
    /// tokio runtime.
    ///
    /// # Errors
    /// The runtime could not start.
    pub async fn start(handler: H, stores: Stores, config: SharedHttpConfig) -> Result<Self, StartError> {
        let runtime = Runtime::builder(stores).build().await?;
        runtime.start();
        Ok(Self::new(handler, runtime, Anonymous, config)?)
    }

    /// An endpoint on a runtime that has been started, which adds to the way of requests what `wire` says. Must be called
    /// within a tokio runtime.
    ///
    /// # Errors
    /// The operating system's random source failed.
    pub fn new(
        handler: H,
        runtime: Runtime,
        wire: impl Wire,
        config: SharedHttpConfig,
    ) -> Result<Self, RandomSourceFailed> {
        let (for_stateless, streams) = (handler.clone(), CancellationToken::new());
        let rmcp = config.stateless(streams.clone());
        let stateless = StreamableHttpService::new(move || Ok(for_stateless.clone()), Arc::default(), rmcp);
        let node = Node::start(Arc::new(handler), runtime, Arc::new(wire), config, streams)?;
        Ok(Self { node, stateless, direction: Arc::default() })
    }

    /// Answers one HTTP request.
    pub async fn handle<B>(&self, request: Request<B>) -> Response<ResponseBody>
    where
        B: Body + Send + 'static,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let (head, body) = request.into_parts();
        if let Some(misdirected) = self.misdirected(&head).await {
            return misdirected;
        }
        if !matches!(head.method, Method::GET | Method::POST | Method::DELETE) {
            return Refusal::no_method().response();
        }
        let limit = self.node.config.max_body;
        let body = match Limited::new(body, limit).collect().await {
            Ok(body) => body.to_bytes(),
            Err(error) => {
                let (status, message) = if error.is::<LengthLimitError>() {
                    (StatusCode::PAYLOAD_TOO_LARGE, "the request is too large")
                } else {
                    (StatusCode::BAD_REQUEST, "the request ended early")
                };
                return Refusal::new(status, ErrorCode::INVALID_REQUEST, message).response();
            }
        };
        self.answer(head, body).await
    }

    /// The answer to what is not for this endpoint: to another host, or from a page of another origin. Nothing of the body
    /// needs to be read for it.
    pub async fn misdirected(&self, head: &Parts) -> Option<Response<ResponseBody>> {
        self.direction.misdirected(&self.stateless, head).await
    }

    /// Answers a GET, POST or DELETE that is not [misdirected](Self::misdirected), and whose body has been read.
    pub async fn answer(&self, head: Parts, body: Bytes) -> Response<ResponseBody> {
        let read = Envelope::read(&body);
        if head.method == Method::POST && read.as_ref().is_ok_and(|envelope| envelope.is_stateless(&head.headers)) {
            let request = Request::from_parts(head, Full::new(body));
            // On the heap, or every move of the futures around it would copy all it can ever hold.
            return Box::pin(self.stateless.handle(request)).await.map(BodyExt::boxed_unsync);
        }
        Box::pin(sessions::answer(&self.node, head, &body, read)).await
    }

    /// What its clients are told of on all nodes: changed lists, and the resources that they are subscribed to.
    pub fn changes(&self) -> Changes {
        self.node.runtime.changes()
    }

    /// What it runs on.
    pub fn runtime(&self) -> &Runtime {
        &self.node.runtime
    }

    /// Lets requests of sessions end within `limit`, then cancels them and tells their clients; what their clients have not read by then is in the
    /// log, so that they come back for it elsewhere; then ends all streams. Call it when nothing more is accepted, before
    /// the runtime is shut down.
    pub async fn drain(&self, limit: Duration) {
        let exchanges = &self.node.exchanges;
        if tokio::time::timeout(limit, exchanges.idle()).await.is_err() {
            exchanges.all().iter().for_each(|exchange| exchange.stop());
        }
        // Those who read get the last of it, and it is in the log if that does not reach them.
        let all = async |holds: fn(&Outbox) -> bool| {
            while !exchanges.outboxes().iter().all(|outbox| holds(outbox.as_ref())) {
                tokio::time::sleep(LOOK).await;
            }
        };
        let _ = tokio::time::timeout(LAST_READ, all(Outbox::is_read)).await;
        exchanges.outboxes().iter().for_each(|outbox| outbox.resume());
        if tokio::time::timeout(limit, all(Outbox::is_settled)).await.is_err() {
            tracing::warn!("some streams that nobody read are lost");
        }
        self.node.streams.cancel();
    }
}

impl<H, B> tower_service::Service<Request<B>> for SharedHttpService<H>
where
    H: ServerHandler + Clone,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    type Response = Response<ResponseBody>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let service = self.clone();
        Box::pin(async move { Ok(service.handle(request).await) })
    }
}
