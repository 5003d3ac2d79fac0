use std::collections::HashMap;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use parking_lot::Mutex;

use super::state::{IsRequest, State};
use super::{ChaosProxy, Cut, Mishap};
use crate::harness::{Fault, HarnessError};

/// A [`ChaosProxy`] between each node of a [`Cluster`](crate::Cluster) and each server that it talks to, and the hooks
/// that they make possible.
pub struct ChaosProxies {
    is_request: IsRequest,
    nodes: Mutex<HashMap<usize, Network>>,
}

/// All that one node has to do with servers.
struct Network {
    state: Arc<State>,
    proxies: HashMap<String, ChaosProxy>,
}

impl ChaosProxies {
    /// `is_request` tells requests from the handshakes of a driver: see [`ChaosProxy::start_for`].
    pub fn new(is_request: impl Fn(&[u8]) -> bool + Send + Sync + 'static) -> Self {
        Self { is_request: Arc::new(is_request), nodes: Mutex::default() }
    }

    fn with<T>(&self, index: usize, act: impl FnOnce(&mut Network) -> T) -> T {
        let new = || Network { state: Arc::new(State::new(self.is_request.clone())), proxies: HashMap::new() };
        act(self.nodes.lock().entry(index).or_insert_with(new))
    }

    /// Where node `index` connects to in order to reach `upstream`, a host and a port.
    ///
    /// # Errors
    /// The proxy did not start.
    pub fn address(&self, index: usize, upstream: &str) -> Result<SocketAddr, HarnessError> {
        self.with(index, |network| {
            if let Some(proxy) = network.proxies.get(upstream) {
                return Ok(proxy.address());
            }
            let proxy = ChaosProxy::run(upstream.to_owned(), network.state.clone()).map_err(HarnessError::failed)?;
            Ok(network.proxies.entry(upstream.to_owned()).or_insert(proxy).address())
        })
    }

    /// For [`Cluster::inject`](crate::Cluster::inject): the next request of the node, to whichever server, meets the fault.
    ///
    /// # Errors
    /// [`Fault::FailBefore`], which no network can do: what fails there was sent. [`Fault::LoseRequest`] stands in.
    pub fn inject(&self, index: usize, fault: Fault) -> Result<(), HarnessError> {
        let mishap = match fault {
            Fault::FailBefore => {
                return Err(HarnessError::Unsupported("a network fails only what was sent".to_owned()));
            }
            Fault::LoseRequest => Mishap::LoseRequest,
            Fault::ExecuteThenTimeout => Mishap::LoseAnswer,
            Fault::Delay(by) => Mishap::Delay(by),
        };
        self.with(index, |network| network.state.spoil_next(mishap));
        Ok(())
    }

    /// For [`Cluster::cut`](crate::Cluster::cut): the node from all servers.
    pub fn cut(&self, index: usize, cut: Cut) {
        self.with(index, |network| network.state.cut(cut));
    }

    /// For [`Cluster::heal`](crate::Cluster::heal).
    pub fn heal(&self, index: usize) {
        self.with(index, |network| network.state.heal());
    }
}

impl fmt::Debug for ChaosProxies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChaosProxies").finish_non_exhaustive()
    }
}
