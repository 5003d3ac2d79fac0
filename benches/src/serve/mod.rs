//! What `--serve STORE` does in a process of its own.

mod calls;
mod counted;
mod named;
mod tools;

pub use tools::{CALLS, COUNT, ECHO, GET, HEAP, HIDDEN, HIDE, OPEN, PUBLISH, PUT, UPDATE, news};

use std::io::Write;
use std::time::Duration;

use clap::Args;
use fastestmcp::RuntimeConfig;
use fastestmcp::prelude::*;
use tokio::io::AsyncReadExt;

use calls::Calls;
use counted::Counted;
use named::Named;

/// Sessions, and streams of one caller: more than a row opens.
const MOST: u64 = 200_000;

/// What to serve, and how.
#[derive(Clone, Debug, Args)]
pub struct Serving {
    /// Serves MCP over HTTP on the store of this URL, until the input ends.
    #[arg(long = "serve", value_name = "STORE", hide = true)]
    pub store: Option<String>,
    /// Seconds that a session lives which nobody uses.
    #[arg(long, hide = true)]
    pub session_idle: Option<u64>,
    /// Counts every call of the store, not only those of its event log, and believes everybody who they are.
    #[arg(long, hide = true)]
    pub counted: bool,
}

/// Why nothing is served.
pub type ServeError = Box<dyn std::error::Error + Send + Sync>;

/// Serves on the store, says where on one line, and ends when the input does. `own` are tools that only this binary has.
///
/// # Errors
/// The store, the address or the output failed.
pub async fn serve(
    store: &str,
    serving: &Serving,
    own: impl IntoIterator<Item = Tool>,
    out: &mut impl Write,
) -> Result<(), ServeError> {
    let (stores, calls) = (connect(store).await?, Calls::default());
    let mut config = RuntimeConfig::default().max_sessions(MOST).max_streams_per_owner(MOST as usize);
    if let Some(idle) = serving.session_idle.map(Duration::from_secs) {
        config = config.session_idle(idle).session_init(idle);
    }
    let (sessions, tasks) = (stores.sessions.clone(), stores.tasks.clone());
    let news = Resource::new(news(), async |_: Context| Ok("news"));
    let mut server = Server::builder("bench").tools(tools::tools(calls.clone())).tools(own).resource(news);
    server = server.event_log(Counted { seam: stores.events.clone(), calls: calls.clone() });
    server = server.stores(stores).runtime(config);
    if serving.counted {
        server = server.session_state_store(Counted { seam: sessions, calls: calls.clone() });
        server = server.task_backend(Counted { seam: tasks, calls }).authenticate(Named);
    }
    let bound = server.build()?.bind_http("127.0.0.1:0").await?;
    writeln!(out, "{}", bound.local_addr())?;
    out.flush()?;
    let ended = async {
        // An input that cannot be read has ended as well.
        let _ = tokio::io::stdin().read_to_end(&mut Vec::new()).await;
    };
    Ok(bound.serve(ended).await?)
}
