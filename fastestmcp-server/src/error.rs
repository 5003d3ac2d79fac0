use std::io;

use fastestmcp_core::runtime::StartError;

/// Why a server could not be built, started or kept running.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServerError {
    /// No store was given for a seam: call `stores`, or each seam's own method.
    #[error("the server has no {0}: give it stores")]
    NoStore(&'static str),
    /// Two tools have one name.
    #[error("two tools are named {0:?}")]
    DuplicateTool(String),
    /// A tool's input schema does not describe an object.
    #[error("the input schema of tool {0:?} does not describe an object")]
    BadSchema(String),
    /// The HTTP path does not start with a slash.
    #[error("the HTTP path {0:?} does not start with a slash")]
    BadPath(String),
    /// The stores could not be opened.
    #[error("the stores could not be opened")]
    Connect(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The runtime could not start.
    #[error("the runtime could not start")]
    Start(#[from] StartError),
    /// The address could not be bound, or the listener failed.
    #[error("input or output failed")]
    Io(#[from] io::Error),
    /// The connection over stdio ended with an error before a client said hello.
    #[error("the client on stdio did not open a connection: {0}")]
    Stdio(String),
}
