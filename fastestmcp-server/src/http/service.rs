use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::routing::any;
use fastestmcp_core::runtime::Runtime;
use rmcp::transport::{StreamableHttpServerConfig, StreamableHttpService};
use tokio_util::sync::CancellationToken;

use super::endpoint::Endpoint;
use super::registry_store::RegistryStore;
use super::sessions::RegistrySessions;
use crate::config::HttpConfig;
use crate::handler::McpHandler;
use crate::telemetry::TARGET;

/// How long the answers of what has just ended may take to their streams.
const LAST_ANSWERS: Duration = Duration::from_millis(100);

/// A running MCP endpoint, to be mounted in an application.
#[derive(Clone)]
pub struct McpService {
    handler: McpHandler,
    router: Router,
    streams: CancellationToken,
}

impl fmt::Debug for McpService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("McpService").field("runtime", self.runtime()).finish_non_exhaustive()
    }
}

impl McpService {
    pub(crate) fn new(handler: McpHandler, config: &HttpConfig) -> Self {
        let streams = CancellationToken::new();
        let mut wire = StreamableHttpServerConfig::default()
            .with_allowed_hosts(config.allowed_hosts.clone())
            .with_allowed_origins(config.allowed_origins.clone())
            .enforce_origin_validation()
            .with_sse_keep_alive(config.sse_keep_alive)
            .with_json_response(config.json_responses)
            // A renamed method makes a message longer than what was measured.
            .with_max_request_body_bytes(config.max_body.saturating_add(64))
            .with_cancellation_token(streams.clone());
        wire.session_store = Some(Arc::new(RegistryStore));
        let kept = handler.clone();
        let sessions = Arc::new(RegistrySessions::new(handler.clone()));
        let service = StreamableHttpService::new(move || Ok(handler.clone()), sessions, wire);
        let endpoint = Arc::new(Endpoint { service, max_body: config.max_body });
        let serve = async |State(endpoint): State<Arc<Endpoint>>, request: Request| endpoint.serve(request).await;
        let router = Router::new().route(&config.path, any(serve)).with_state(endpoint);
        Self { handler: kept, router, streams }
    }

    /// The endpoint under its configured path. Set `TCP_NODELAY` on the sockets you serve it on.
    pub fn router(&self) -> Router {
        self.router.clone()
    }

    /// What runs behind it.
    pub fn runtime(&self) -> &Runtime {
        self.handler.runtime()
    }

    /// Drains (contract R7): lets running calls and tasks end within the drain period, or hands them back, then ends all
    /// streams. Stop accepting first.
    pub async fn shutdown(&self) {
        let runtime = self.runtime();
        let calls = tokio::time::timeout(runtime.config().drain, self.handler.calls_ended());
        let (_, ended) = tokio::join!(runtime.shutdown(), calls);
        if ended.is_err() {
            tracing::warn!(target: TARGET, "some calls did not end and are cut off");
        }
        tokio::time::sleep(LAST_ANSWERS).await;
        self.streams.cancel();
    }
}
