//! The names of spans and events, in one place (contract R6), and the lines that an operator waits for.

use std::fmt::{self, Write};
use std::time::Duration;

use fastestmcp_core::backend::Guarantees;
use fastestmcp_core::ids::ShortId;
use fastestmcp_core::operation::CallError;
use fastestmcp_core::runtime::Runtime;
use rmcp::model::Implementation;

use crate::stop::Why;

/// A request of a client, with its method, its id, a digest of its session, and the tool or a digest of the task.
pub(crate) const SPAN_REQUEST: &str = "mcp.request";
/// Where the events of this crate come from.
pub(crate) const TARGET: &str = "fastestmcp::server";

/// The line at the start: who serves what, where, and what is promised for it.
pub(crate) fn started(runtime: &Runtime, server: &Implementation, over: &str) {
    let Guarantees { durability, reach, failover_may_lose, .. } = runtime.stores().tasks.guarantees();
    tracing::info!(
        target: TARGET,
        over,
        server = server.name,
        version = server.version,
        fastestmcp = env!("CARGO_PKG_VERSION"),
        node = runtime.node(),
        store = runtime.stores().name,
        ?durability,
        ?reach,
        failover_may_lose,
        "serving"
    );
}

/// The line at the end: why, and what became of what was going on.
pub(crate) fn stopped(why: Why, drained: &Drained) {
    let Drained { calls, cut_off, took } = *drained;
    tracing::info!(target: TARGET, %why, calls, cut_off, ?took, "stopped");
}

/// What a stop came upon.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Drained {
    /// Plain calls that were running.
    pub(crate) calls: usize,
    /// Those of them that did not end in time.
    pub(crate) cut_off: usize,
    /// How long all of it took.
    pub(crate) took: Duration,
}

/// Text of a client in a log: short, and on one line.
pub(crate) struct Shown<'t>(pub(crate) &'t str);

/// Characters that are shown of it.
const SHOWN: usize = 128;

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.chars().take(SHOWN) {
            if c.is_control() { f.write_char('?') } else { f.write_char(c) }?;
        }
        if self.0.chars().nth(SHOWN).is_some() { f.write_char('…') } else { Ok(()) }
    }
}

/// Why a request was refused, in a log: without what the client sent, which may be a secret. The id of a task is all it
/// takes to read an anonymous caller's.
pub(crate) struct Refused<'e>(pub(crate) &'e CallError);

impl fmt::Display for Refused<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            CallError::UnknownTask(id) => write!(f, "unknown task {}", Shown(&ShortId::of(id).to_string())),
            CallError::UnknownTool(_) => f.write_str("unknown tool"),
            CallError::InvalidParams(_) => f.write_str("invalid params"),
            CallError::InvalidAnswer(_) => f.write_str("an answer that does not fit"),
            CallError::Rpc(error) => write!(f, "error {} of the handler", error.code),
            error => Shown(&error.to_string()).fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_a_client_stays_on_its_line() {
        assert_eq!(Shown("a\n\u{1b}[31mb").to_string(), "a??[31mb");
        let long = Shown(&"ä".repeat(SHOWN + 1)).to_string();
        assert_eq!(long, format!("{}…", "ä".repeat(SHOWN)));
    }
}
