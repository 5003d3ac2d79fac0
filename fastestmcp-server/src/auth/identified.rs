use std::net::IpAddr;

use fastestmcp_core::context::Caller;
use fastestmcp_core::principal::AuthContext;

/// Who makes an HTTP request, and from where. It travels in the request's extensions.
#[derive(Debug)]
pub(crate) struct Identified {
    pub(crate) auth: AuthContext,
    address: Option<IpAddr>,
}

impl Identified {
    pub(crate) const fn new(auth: AuthContext, address: Option<IpAddr>) -> Self {
        Self { auth, address }
    }

    pub(crate) fn at_its_address(&self, mut caller: Caller) -> Caller {
        caller.address = self.address;
        caller
    }
}
