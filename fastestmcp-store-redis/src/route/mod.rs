use std::sync::Arc;

use crate::config::{Deployment, RedisConfig};
use crate::error::Failure;
use crate::link::{Dialer, Link};

/// Which server is in charge of a slot.
pub(crate) enum Route {
    Standalone(Arc<Link>),
}

impl Route {
    pub(crate) fn new(config: &RedisConfig) -> Result<Self, Failure> {
        let dialer = Dialer::new(config, &config.login, config.database)?;
        match &config.deployment {
            Deployment::Standalone(server) => Ok(Self::Standalone(Arc::new(Link::new(server.clone(), dialer)))),
            _ => Err(Failure::Unsupported("only a standalone server so far".to_owned())),
        }
    }

    /// The server in charge of `slot`, as far as is known.
    pub(crate) async fn find(&self, _slot: u16) -> Result<Arc<Link>, Failure> {
        match self {
            Self::Standalone(link) => Ok(link.clone()),
        }
    }
}
