use std::fmt;
use std::io;
use std::net::SocketAddr;

use fastestmcp_core::error::Sentence;
use fastestmcp_core::runtime::StartError;

/// Why a server could not be built, started or kept running. `Debug` is a sentence too, with all causes: it is what a
/// `main` prints that returns the error.
#[derive(thiserror::Error)]
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
    #[error("{0}")]
    Connect(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The runtime could not start.
    #[error("the server could not start")]
    Start(#[from] StartError),
    /// The name of the address to listen on could not be resolved, or it names no address.
    #[error("the address to listen on cannot be resolved: {0}")]
    Resolve(io::Error),
    /// Nobody can listen on the address, or somebody else does.
    #[error("cannot listen on {address}: {error}{}", remedy(.error))]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why not.
        error: io::Error,
    },
    /// Input or output failed.
    #[error("input or output failed")]
    Io(#[from] io::Error),
    /// The connection over stdio ended with an error before a client said hello.
    #[error("the client on stdio did not open a connection: {0}")]
    Stdio(String),
}

impl fmt::Debug for ServerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&Sentence(self), f)
    }
}

/// What a person can do about an address.
fn remedy(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::AddrInUse => "; stop what listens there, or choose another port",
        io::ErrorKind::AddrNotAvailable => "; choose an address of this machine, or 0.0.0.0 for all of them",
        io::ErrorKind::PermissionDenied => "; choose a port from 1024 on, or run with the privilege to take this one",
        _ => "",
    }
}
