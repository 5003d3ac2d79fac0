//! Our side of the rows about the server: what `--serve STORE` does in a process of its own.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use fastestmcp::RuntimeConfig;
use fastestmcp::prelude::*;
use tokio::io::AsyncReadExt;

use crate::counted::Counted;
use crate::report::{BenchError, BenchResult};

/// Says its argument again.
pub(crate) const ECHO: &str = "echo";
/// How often the event log was read.
pub(crate) const READS: &str = "reads";
/// Makes a handle.
pub(crate) const OPEN: &str = "open";
/// Adds one to the value under a handle.
pub(crate) const COUNT: &str = "count";

const KEY: &str = "count";
/// Sessions, and streams of one caller: more than a row opens.
const MOST: u64 = 200_000;
const HANDLE_TTL: Duration = Duration::from_secs(3_600);

#[derive(Deserialize, JsonSchema)]
struct Say {
    /// What to say again.
    text: String,
}

#[derive(Deserialize, JsonSchema)]
struct Count {
    /// What `open` said.
    handle: String,
}

async fn echo(_: Context, say: Say) -> Result<String, ToolError> {
    Ok(say.text)
}

async fn open(cx: Context, _: ()) -> Result<String, ToolError> {
    Ok(cx.create_handle(HANDLE_TTL).await?)
}

async fn count(cx: Context, count: Count) -> Result<String, ToolError> {
    let state = cx.handle(&count.handle).await?;
    let calls = state.update(KEY, |calls: Option<u64>| calls.unwrap_or(0) + 1).await?;
    Ok(calls.to_string())
}

async fn reads(reads: Arc<AtomicU64>, _: Context, _: ()) -> Result<String, ToolError> {
    Ok(reads.load(Ordering::Relaxed).to_string())
}

/// Serves on the store, says where on one line, and ends when the input does.
pub(crate) async fn serve(store: &str, out: &mut impl Write) -> BenchResult<()> {
    let stores = connect(store).await.map_err(BenchError::wrong)?;
    let counted = Counted { log: stores.events.clone(), reads: Arc::default() };
    let config = RuntimeConfig::default().max_sessions(MOST).max_streams_per_owner(MOST as usize);
    let server = Server::builder("bench")
        .tool(Tool::new(ECHO, echo).description("Says it again."))
        .tool(Tool::new(OPEN, open).description("Makes a handle."))
        .tool(Tool::new(COUNT, count).description("Adds one to what the handle holds."))
        .tool(Tool::with_state(READS, counted.reads.clone(), reads).description("How often events were read."))
        .stores(stores)
        .event_log(counted)
        .runtime(config)
        .build()
        .map_err(BenchError::wrong)?;
    let bound = server.bind_http("127.0.0.1:0").await.map_err(BenchError::wrong)?;
    writeln!(out, "{}", bound.local_addr())?;
    out.flush()?;
    let ended = async {
        // An input that cannot be read has ended as well.
        let _ = tokio::io::stdin().read_to_end(&mut Vec::new()).await;
    };
    bound.serve(ended).await.map_err(BenchError::wrong)
}
