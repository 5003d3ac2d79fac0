//! `fastestmcp demo`: everything the runtime promises, in five tools.

mod resume;
mod tools;

use std::error::Error;
use std::io::{self, Write};
use std::time::Duration;

use clap::Args;
use fastestmcp::{HttpConfig, RuntimeConfig, Server, connect, redacted, stop_signal};

use crate::address::Address;

/// Options of `fastestmcp demo`.
#[derive(Args)]
pub(crate) struct Options {
    /// Where state lives: memory:, sqlite:PATH, redis://… or postgres://…
    // A password in the environment is not seen by everybody who lists processes.
    #[arg(
        long,
        default_value = "sqlite:fastestmcp-demo.db",
        value_name = "URL",
        env = "FASTESTMCP_STORE",
        hide_env_values = true
    )]
    store: String,
    /// Where to listen
    #[arg(long, default_value = "127.0.0.1:8000", value_name = "HOST:PORT")]
    addr: Address,
    /// Where clients reach it, if not at that address: behind a proxy, for instance `https://mcp.example.com/mcp`
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,
    /// One more host that requests may name in their Host header, with or without a port; may be repeated
    #[arg(long = "allowed-host", value_name = "HOST")]
    allowed_hosts: Vec<String>,
    /// Where a balancer asks whether the server is ready: `/healthz`, for instance
    #[arg(long, value_name = "PATH")]
    health: Option<String>,
    /// Talk on standard input and output instead of HTTP
    #[arg(long)]
    stdio: bool,
    /// How long a task stays with a lost worker
    #[arg(long, default_value = "3s", value_parser = parse_lease)]
    lease: Duration,
}

/// Says nothing of what was typed.
fn parse_lease(text: &str) -> Result<Duration, &'static str> {
    let lease =
        humantime::parse_duration(text).map_err(|_| "write a number with its unit, for instance 3s or 500ms")?;
    let sensible = Duration::from_millis(100)..=Duration::from_secs(24 * 3_600);
    if sensible.contains(&lease) { Ok(lease) } else { Err("it must be between 100ms and 24h") }
}

/// Serves until it is told to stop.
pub(crate) async fn run(options: Options) -> Result<(), Box<dyn Error>> {
    // Before anything is stored: an address that is wrong leaves no trace.
    let addr = if options.stdio { None } else { Some(options.addr.resolve().await?) };
    let stores = connect(&options.store).await?;
    let waiting = resume::waiting(&stores).await?;
    let mut config = RuntimeConfig::default();
    config.lease = options.lease;
    let mut http = options.allowed_hosts.into_iter().fold(HttpConfig::default(), HttpConfig::allowed_host);
    http.public_url = options.public_url;
    http.health = options.health;
    let mut server = Server::builder("fastestmcp-demo").stores(stores).runtime(config).http(http);
    for tool in tools::all() {
        server = server.tool(tool);
    }
    let server = server.build()?;
    let waiting = waiting.map(|waiting| format!("{waiting}\n")).unwrap_or_default();
    // Here and below: nobody has to listen, and whoever closed the output is served nevertheless.
    let Some(addr) = addr else {
        let _ = io::stderr().write_all(waiting.as_bytes());
        return Ok(server.serve_stdio().await?);
    };
    let bound = server.bind_http(addr).await?;
    // Who reads the banner may stop the server at once, and in good order.
    drop(stop_signal());
    let url = bound.url();
    let store = redacted(&options.store);
    let banner = format!(
        "fastestmcp demo: {url}, state in {store}\n\
         tools: visit, countdown, charge, charges, book_trip\n\
         claude mcp add --transport http fastestmcp-demo {url}\n\
         {waiting}"
    );
    let _ = io::stdout().write_all(banner.as_bytes());
    bound.serve_until_signal().await?;
    Ok(())
}
