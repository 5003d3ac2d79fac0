use std::collections::HashMap;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use parking_lot::Mutex;

use super::state::IsRequest;
use super::{ChaosProxy, Cut, Mishap};
use crate::harness::{Fault, HarnessError};

/// One [`ChaosProxy`] for each node of a [`Cluster`](crate::Cluster), and the hooks that they make possible.
pub struct ChaosProxies {
    upstream: String,
    is_request: IsRequest,
    proxies: Mutex<HashMap<usize, ChaosProxy>>,
}

impl ChaosProxies {
    /// In front of `upstream`, a host and a port; see [`ChaosProxy::start_for`].
    pub fn new(upstream: impl Into<String>, is_request: impl Fn(&[u8]) -> bool + Send + Sync + 'static) -> Self {
        Self { upstream: upstream.into(), is_request: Arc::new(is_request), proxies: Mutex::default() }
    }

    fn with<T>(&self, index: usize, act: impl FnOnce(&ChaosProxy) -> T) -> Result<T, HarnessError> {
        let mut proxies = self.proxies.lock();
        if let Some(proxy) = proxies.get(&index) {
            return Ok(act(proxy));
        }
        let proxy = ChaosProxy::run(self.upstream.clone(), self.is_request.clone());
        Ok(act(proxies.entry(index).or_insert(proxy.map_err(HarnessError::failed)?)))
    }

    /// Where node `index` connects to.
    ///
    /// # Errors
    /// The proxy did not start.
    pub fn address(&self, index: usize) -> Result<SocketAddr, HarnessError> {
        self.with(index, ChaosProxy::address)
    }

    /// For [`Cluster::inject`](crate::Cluster::inject).
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
        self.with(index, |proxy| proxy.spoil_next(mishap))
    }

    /// For [`Cluster::cut`](crate::Cluster::cut).
    ///
    /// # Errors
    /// The proxy did not start.
    pub fn cut(&self, index: usize, cut: Cut) -> Result<(), HarnessError> {
        self.with(index, |proxy| proxy.cut(cut))
    }

    /// For [`Cluster::heal`](crate::Cluster::heal).
    ///
    /// # Errors
    /// The proxy did not start.
    pub fn heal(&self, index: usize) -> Result<(), HarnessError> {
        self.with(index, ChaosProxy::heal)
    }
}

impl fmt::Debug for ChaosProxies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChaosProxies").field("upstream", &self.upstream).finish_non_exhaustive()
    }
}
