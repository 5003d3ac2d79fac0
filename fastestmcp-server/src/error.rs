use std::fmt;
use std::io;
use std::net::SocketAddr;

use fastestmcp_core::error::Sentence;
use fastestmcp_core::limits::Refused;
use fastestmcp_core::runtime::StartError;

use crate::config::InvalidHttp;

/// Why a server could not be built, started or kept running. `Debug` is a sentence too, with all causes: it is what a
/// `main` prints that returns the error.
#[derive(thiserror::Error)]
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
    #[error("{0}")]
    Connect(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The tools, the configuration or the stores do not fit, or the runtime could not start.
    #[error(transparent)]
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

#[cfg(test)]
mod tests {
    use fastestmcp_core::error::{StoreError, StoreErrorKind};

    use super::*;

    #[test]
    fn a_main_that_returns_the_error_prints_a_sentence_that_says_each_cause_once() {
        let refused = io::Error::from(io::ErrorKind::ConnectionRefused);
        let store = StoreError::new(StoreErrorKind::Unavailable, "x", "open", format!("no connection: {refused}"));
        let error = ServerError::from(StartError::from(store.caused_by(refused)));
        let said = "x open: Unavailable: no connection: connection refused";
        assert_eq!(format!("{error:?}"), said);
        let address = SocketAddr::from(([127, 0, 0, 1], 80));
        let error = ServerError::Listen { address, error: io::ErrorKind::AddrInUse.into() };
        let said = "cannot listen on 127.0.0.1:80: address in use; stop what listens there, or choose another port";
        assert_eq!(format!("{error:?}"), said);
    }
}
