//! The endpoint as a part of an application: its own routes beside it, one listener, one orderly stop.
//!
//! `cargo run -p fastestmcp-examples --example mounted` serves `http://127.0.0.1:8000/mcp` and `/health`.

use axum::{Router, routing::get};
use fastestmcp::prelude::*;
use fastestmcp::stop_signal;

async fn hello(_: Context, _: NoArgs) -> Result<&'static str, ToolError> {
    Ok("hello")
}

#[tokio::main]
async fn main() -> Result<(), ServerError> {
    let service = Server::builder("mounted")
        .tool(Tool::new("hello", hello).description("Greets.").read_only())
        .stores(connect("sqlite:mounted.db").await?)
        .build()?
        .into_service()
        .await?;
    let app = Router::new().route("/health", get(|| async { "well" })).merge(service.router());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:8000").await?;
    // Ends event streams, too. axum's own graceful shutdown would wait for them for ever.
    service.serve_with(app, listener, stop_signal()).await
}
