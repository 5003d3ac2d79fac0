use std::io;

use fastestmcp_core::limits::Refused;
use fastestmcp_core::runtime::StartError;

use crate::config::InvalidHttp;

/// Why a server could not be built, started or kept running.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServerError {
    /// No store was given for a seam: call `stores`, or each seam's own method.
    #[error("the server has no {0}: give it stores")]
    NoStore(&'static str),
    /// The server's own name, title, version or instructions.
    #[error(transparent)]
    Text(#[from] Refused),
    /// Its HTTP configuration.
    #[error(transparent)]
    Http(#[from] InvalidHttp),
    /// The stores could not be opened.
    #[error("the stores could not be opened")]
    Connect(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The tools, the configuration or the stores do not fit, or the runtime could not start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The address could not be bound, or the listener failed.
    #[error("input or output failed")]
    Io(#[from] io::Error),
    /// The connection over stdio ended with an error before a client said hello.
    #[error("the client on stdio did not open a connection: {0}")]
    Stdio(String),
}
