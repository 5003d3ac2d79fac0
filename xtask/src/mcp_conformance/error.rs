use std::io;
use std::path::PathBuf;

/// Why the suite could not run.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    #[error("usage: cargo xtask mcp-conformance --store URL [FILTER]")]
    Usage,
    #[error("no scenario contains {0:?}")]
    NothingMatches(String),
    #[error("{program} does not start ({source}){hint}")]
    Start { program: &'static str, source: io::Error, hint: &'static str },
    #[error("{0} failed")]
    Failed(&'static str),
    #[error("there is no Node.js 22 binary on npm for {0}: put node >= 22 into PATH")]
    NoNode(String),
    #[error("the server ended before it listened; see {0}")]
    NotListening(PathBuf),
    #[error("{path}: {source}")]
    File { path: PathBuf, source: io::Error },
    #[error("{path} is not what the suite writes: {source}")]
    Malformed { path: PathBuf, source: serde_json::Error },
}
