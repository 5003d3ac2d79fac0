//! An ordinary rmcp server, and the few lines that make it one of many nodes.
//!
//! Arguments: `rmcp`, for rmcp's own service on one node, or `sqlite:PATH`, which any number of processes may share; and an
//! address to listen on.

use std::env;
use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use fastestmcp_core::Stores;
use fastestmcp_rmcp::{SharedHttpConfig, SharedHttpService};
use fastestmcp_store_sqlite::SqliteStore;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, ListToolsResult, PaginatedRequestParams,
    ServerCapabilities, ServerConfig, Tool,
};
use rmcp::service::RequestContext;
use rmcp::transport::StreamableHttpService;
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::{ErrorData, RoleServer, ServerHandler};

#[derive(Clone, Default)]
struct Counter {
    /// Of this process: what must be the same on all nodes belongs into a store.
    calls: Arc<AtomicU64>,
}

impl ServerHandler for Counter {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let schema = Arc::new(serde_json::Map::from_iter([("type".to_owned(), "object".into())]));
        Ok(ListToolsResult::with_all_items(vec![Tool::new("count", "Counts its calls.", schema)]))
    }

    async fn call_tool(
        &self,
        _: CallToolRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let calls = self.calls.fetch_add(1, Ordering::Relaxed) + 1;
        let text = format!("{calls} calls of process {}", std::process::id());
        Ok(CallToolResult::success(vec![ContentBlock::text(text)]).into())
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let (Some(store), Some(address), None) = (arguments.next(), arguments.next(), arguments.next()) else {
        return Err("arguments: rmcp|sqlite:PATH HOST:PORT".into());
    };
    let app = match store.strip_prefix("sqlite:") {
        None => {
            let sessions: Arc<LocalSessionManager> = Arc::default();
            let service = StreamableHttpService::new(|| Ok(Counter::default()), sessions, Default::default());
            axum::Router::new().route_service("/mcp", service)
        }
        Some(path) => {
            let stores = Stores::of(SqliteStore::open(path).await?);
            let service = SharedHttpService::start(Counter::default(), stores, SharedHttpConfig::default()).await?;
            axum::Router::new().route_service("/mcp", service)
        }
    };
    let listener = tokio::net::TcpListener::bind(address).await?;
    eprintln!("listening on {}", listener.local_addr()?);
    Ok(axum::serve(listener, app).await?)
}
