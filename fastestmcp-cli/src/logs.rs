use std::env::{self, VarError};
use std::io::{self, IsTerminal};

use clap::{Args, ValueEnum};
use tracing_subscriber::EnvFilter;

use crate::log_writer::LogWriter;

/// What `--help` says about logs.
pub(crate) const HELP: &str = "Logs go to standard error: warnings, unless RUST_LOG says otherwise. RUST_LOG=info adds a \
    line at start and at stop and what handlers log, RUST_LOG=debug a line for each request. The protocol layer is left \
    out below warn unless it is named (RUST_LOG=rmcp=debug): it logs whole messages, with all that is secret in them. \
    NO_COLOR turns colours off.";

/// What others log is of use only when something is wrong with them.
const FILTER: &str = "warn,sqlx=warn";
/// Its service warns of every request that is refused.
const PROTOCOL: &str = "rmcp=warn,rmcp::service=error";

/// How it is logged what the command does.
#[derive(Args)]
pub(crate) struct Options {
    /// How logs are written
    #[arg(long, global = true, value_enum, default_value_t, env = "FASTESTMCP_LOG_FORMAT", value_name = "FORMAT")]
    log_format: Format,
}

#[derive(Clone, Copy, Default, ValueEnum)]
enum Format {
    /// Lines for people
    #[default]
    Text,
    /// An object of JSON a line
    Json,
}

/// Begins to log. Standard output belongs to the protocol (stdio) or to the person (HTTP).
pub(crate) fn init(options: &Options) -> Result<LogWriter, &'static str> {
    const REFUSED: &str = "RUST_LOG is not understood; write for instance RUST_LOG=debug or RUST_LOG=rmcp=warn";
    let asked = match env::var("RUST_LOG") {
        Ok(asked) => asked,
        Err(VarError::NotPresent) => String::new(),
        Err(VarError::NotUnicode(_)) => return Err(REFUSED),
    };
    let protocol = if asked.contains("rmcp") { "" } else { PROTOCOL };
    // The later directive of one target wins.
    let filter = EnvFilter::builder().parse(format!("{FILTER},{protocol},{asked}")).map_err(|_| REFUSED)?;
    let writer = LogWriter::new();
    let kept = writer.clone();
    let logs = tracing_subscriber::fmt().with_env_filter(filter).with_writer(move || writer.clone());
    match options.log_format {
        Format::Json => logs.json().flatten_event(true).init(),
        Format::Text => {
            let colourless = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
            logs.with_ansi(!colourless && io::stderr().is_terminal()).init();
        }
    }
    Ok(kept)
}
