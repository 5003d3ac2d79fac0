//! `fastestmcp demo`: everything the runtime promises, in five tools.

mod resume;
mod tools;

use std::error::Error;
use std::time::Duration;

use clap::Args;
use fastestmcp::{RuntimeConfig, Server, connect, redacted, stop_signal};

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
    let mut server = Server::builder("fastestmcp-demo").stores(stores).runtime(config);
    for tool in tools::all() {
        server = server.tool(tool);
    }
    let server = server.build()?;
    let Some(addr) = addr else {
        if let Some(waiting) = waiting {
            eprintln!("{waiting}");
        }
        return Ok(server.serve_stdio().await?);
    };
    let bound = server.bind_http(addr).await?;
    // Who reads the banner may stop the server at once, and in good order.
    drop(stop_signal());
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
