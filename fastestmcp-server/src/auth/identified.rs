use std::net::IpAddr;

use ::http::HeaderMap;
use fastestmcp_core::context::{Caller, Headers};
use fastestmcp_core::principal::AuthContext;

/// Who makes an HTTP request, from where, and with which headers. It travels in the request's extensions.
pub(crate) struct Identified {
    pub(crate) auth: AuthContext,
    address: Option<IpAddr>,
    headers: HeaderMap,
}

impl Headers for Identified {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

impl Identified {
    pub(crate) const fn new(auth: AuthContext, address: Option<IpAddr>, headers: HeaderMap) -> Self {
        Self { auth, address, headers }
    }

    pub(crate) fn at_its_address(&self, mut caller: Caller) -> Caller {
        caller.address = self.address;
        caller
    }
}
