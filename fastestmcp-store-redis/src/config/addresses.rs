use std::fmt;
use std::sync::Arc;

use super::Server;

/// Where servers are reached whose own addresses are of no use here: see [`RedisConfig::addresses`].
///
/// [`RedisConfig::addresses`]: crate::RedisConfig::addresses
#[derive(Clone)]
pub struct AddressMap(Arc<dyn Fn(&Server) -> Server + Send + Sync>);

impl AddressMap {
    pub(super) fn new(map: impl Fn(&Server) -> Server + Send + Sync + 'static) -> Self {
        Self(Arc::new(map))
    }

    pub(crate) fn of(&self, server: &Server) -> Server {
        (self.0)(server)
    }
}

impl fmt::Debug for AddressMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AddressMap").finish_non_exhaustive()
    }
}
