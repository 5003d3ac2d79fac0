//! A tool on bare rmcp over HTTP: the address on one line, then it serves until its input ends.
//!
//! As fast as rmcp's own settings make it: TCP_NODELAY, JSON answers where there is no session, a tool router that is
//! made once and shared.

use std::future::IntoFuture;
use std::io;
use std::sync::Arc;

use axum::Router;
use axum::serve::ListenerExt;
use rmcp::handler::server::router::tool::ToolRouter;
use rmcp::handler::server::wrapper::Parameters;
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::{StreamableHttpServerConfig, StreamableHttpService};
use rmcp::{ServerHandler, tool, tool_handler, tool_router};
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

#[derive(Deserialize, JsonSchema)]
struct Say {
    /// What to say again.
    text: String,
}

#[derive(Clone)]
struct Echo {
    tools: Arc<ToolRouter<Self>>,
}

#[tool_router]
impl Echo {
    #[tool(description = "Says it again.")]
    async fn echo(&self, Parameters(Say { text }): Parameters<Say>) -> String {
        text
    }
}

#[tool_handler(router = self.tools)]
impl ServerHandler for Echo {}

#[tokio::main]
async fn main() -> io::Result<()> {
    let echo = Echo { tools: Arc::new(Echo::tool_router()) };
    let config = StreamableHttpServerConfig::default().with_json_response(true);
    let service =
        StreamableHttpService::new(move || Ok(echo.clone()), Arc::new(LocalSessionManager::default()), config);
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let mut out = tokio::io::stdout();
    out.write_all(format!("{}\n", listener.local_addr()?).as_bytes()).await?;
    out.flush().await?;
    let listener = listener.tap_io(|stream| {
        // Without it event streams wait for delayed acknowledgements; what failed has no connection left to serve.
        let _ = stream.set_nodelay(true);
    });
    let ended = async { tokio::io::stdin().read_to_end(&mut Vec::new()).await.map(drop) };
    tokio::select! {
        served = axum::serve(listener, Router::new().route_service("/mcp", service)).into_future() => served,
        ended = ended => ended,
    }
}
