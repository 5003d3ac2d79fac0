//! `fastestmcp demo`: everything the runtime promises, in five tools.

mod resume;
mod tools;

use std::error::Error;
use std::net::SocketAddr;
use std::time::Duration;

use clap::Args;
use fastestmcp::{RuntimeConfig, Server, connect, redacted};

/// Options of `fastestmcp demo`.
#[derive(Args)]
pub(crate) struct Options {
    /// Where state lives: memory:, sqlite:PATH, redis://… or postgres://…
    #[arg(long, default_value = "sqlite:fastestmcp-demo.db", value_name = "URL")]
    store: String,
    /// Where to listen
    #[arg(long, default_value = "127.0.0.1:8000", value_name = "HOST:PORT")]
    addr: SocketAddr,
    /// Talk on standard input and output instead of HTTP
    #[arg(long)]
    stdio: bool,
    /// How long a task stays with a lost worker
    #[arg(long, default_value = "3s", value_parser = humantime::parse_duration)]
    lease: Duration,
}

/// Serves until it is told to stop.
pub(crate) async fn run(options: Options) -> Result<(), Box<dyn Error>> {
    let stores = connect(&options.store).await?;
    let waiting = resume::waiting(&stores).await?;
    let mut config = RuntimeConfig::default();
    config.lease = options.lease;
    let mut server = Server::builder("fastestmcp-demo").stores(stores).runtime(config);
    for tool in tools::all() {
        server = server.tool(tool);
    }
    let server = server.build()?;
    if options.stdio {
        if let Some(waiting) = waiting {
            eprintln!("{waiting}");
        }
        return Ok(server.serve_stdio().await?);
    }
    let bound = server.bind_http(options.addr).await?;
    let url = format!("http://{}/mcp", bound.local_addr());
    println!("fastestmcp demo: {url}, state in {}", redacted(&options.store));
    println!("tools: visit, countdown, charge, charges, book_trip");
    println!("claude mcp add --transport http fastestmcp-demo {url}");
    if let Some(waiting) = waiting {
        println!("{waiting}");
    }
    bound.serve_until_signal().await?;
    Ok(())
}
