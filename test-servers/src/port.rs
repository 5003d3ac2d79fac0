//! Free ports.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::net::{Ipv4Addr, TcpListener};

use crate::ServerError;

/// Below what systems hand out to clients, so that no outgoing connection takes the port of a server that is down; and
/// so that the port of a cluster's bus, which is 10,000 higher, is a port.
const FIRST: u16 = 18_000;
const COUNT: u64 = 14_000;

/// Between a Redis Cluster node's port and its bus.
pub(crate) const BUS: u16 = 10_000;

/// A port that nobody listens on at this moment, nor on the bus port above it.
pub(crate) fn free() -> Result<u16, ServerError> {
    for _ in 0..1_000 {
        // Below COUNT, which fits.
        let port = FIRST + (RandomState::new().build_hasher().finish() % COUNT) as u16;
        if is_free(port) && is_free(port + BUS) {
            return Ok(port);
        }
    }
    Err(ServerError::Failed("no free port".to_owned()))
}

fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}
