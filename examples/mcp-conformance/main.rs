//! The server that the official conformance suite (`@modelcontextprotocol/conformance`) talks to: its tools,
//! resources and prompts have the names and do the things that the suite's scenarios ask for. `cargo xtask mcp-conformance` starts it.
//!
//! Arguments: a store URL and an address; port 0 for any. Standard error says where it listens.

mod content;
mod input;
mod plain;
mod prompts;
mod resources;
mod schema;
mod tasks;

use std::env;
use std::error::Error;
use std::io::{self, IsTerminal};

use fastestmcp::prelude::*;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .init();
    let mut args = env::args().skip(1);
    let (Some(store), Some(addr), None) = (args.next(), args.next(), args.next()) else {
        return Err("arguments: STORE-URL HOST:PORT".into());
    };
    let mut server = Server::builder("fastestmcp-mcp-conformance").stores(connect(&store).await?);
    for tool in
        [content::tools(), plain::tools(), input::tools(), schema::tools(), tasks::tools()].into_iter().flatten()
    {
        server = server.tool(tool);
    }
    server = resources::resources().into_iter().fold(server, |server, resource| server.resource(resource));
    server = prompts::prompts().into_iter().fold(server, |server, prompt| server.prompt(prompt));
    let server = server.build()?.bind_http(addr).await?;
    eprintln!("listening on {}", server.local_addr());
    server.serve(std::future::pending()).await?;
    Ok(())
}
