//! Which server is in charge of a slot. The routing is our own, because no request that may have been carried out must
//! be sent a second time, and only here is known which ones those are.

mod cluster;
mod map;
mod sentinel;
mod view;

use std::sync::Arc;

use redis::PushInfo;

use self::cluster::Cluster;
use self::sentinel::Sentinel;
use crate::config::{Deployment, RedisConfig, Server};
use crate::error::Failure;
use crate::link::{Dialer, Link, Wire};
use crate::promises::Promises;

pub(crate) struct Route {
    dialer: Dialer,
    kind: Kind,
}

enum Kind {
    Standalone(Arc<Link>),
    Sentinel(Sentinel),
    Cluster(Cluster),
}

impl Route {
    pub(crate) fn new(config: &RedisConfig, promises: &Arc<Promises>) -> Result<Self, Failure> {
        let dialer = Dialer::new(config, promises)?;
        let kind = match &config.deployment {
            Deployment::Standalone(server) => Kind::Standalone(Arc::new(Link::new(server.clone(), dialer.clone()))),
            Deployment::Sentinel { sentinels, master } => {
                let ask = dialer.of_sentinels(&config.sentinel_login);
                Kind::Sentinel(Sentinel::new(sentinels.clone(), master.clone(), ask, dialer.clone()))
            }
            Deployment::Cluster { seeds } => Kind::Cluster(Cluster::new(seeds.clone(), dialer.clone())),
        };
        Ok(Self { dialer, kind })
    }

    /// The server in charge of `slot`, as far as is known.
    pub(crate) async fn find(&self, slot: u16) -> Result<Arc<Link>, Failure> {
        match &self.kind {
            Kind::Standalone(link) => Ok(link.clone()),
            Kind::Sentinel(sentinel) => sentinel.find().await,
            Kind::Cluster(cluster) => cluster.find(slot).await,
        }
    }

    /// Every server that is in charge of something.
    pub(crate) async fn primaries(&self) -> Result<Vec<Arc<Link>>, Failure> {
        match &self.kind {
            Kind::Cluster(cluster) => cluster.primaries().await,
            _ => Ok(vec![self.find(0).await?]),
        }
    }

    /// A server that another one named.
    pub(crate) fn at(&self, server: &Server) -> Arc<Link> {
        match &self.kind {
            Kind::Cluster(cluster) => cluster.at(server),
            _ => Arc::new(Link::new(server.clone(), self.dialer.clone())),
        }
    }

    /// A server answered that `server` is in charge of `slot`.
    pub(crate) fn moved(&self, slot: u16, server: &Server) {
        if let Kind::Cluster(cluster) = &self.kind {
            cluster.moved(slot, server);
        }
    }

    /// `link` could not be reached, or is no longer in charge: whoever is is looked for anew.
    pub(crate) fn doubt(&self, link: &Arc<Link>) {
        match &self.kind {
            Kind::Standalone(_) => {}
            Kind::Sentinel(sentinel) => sentinel.doubt(link),
            Kind::Cluster(cluster) => cluster.doubt(link),
        }
    }

    /// Whether another server may be in charge after a doubt.
    pub(crate) const fn fails_over(&self) -> bool {
        !matches!(self.kind, Kind::Standalone(_))
    }

    /// A connection for one purpose, to the server in charge of `slot`.
    pub(crate) async fn connect_apart(
        &self,
        slot: u16,
        pushed: impl Fn(PushInfo) + Send + Sync + 'static,
    ) -> Result<Wire, Failure> {
        let link = self.find(slot).await?;
        let wire = self.dialer.dial(link.server(), pushed).await;
        if wire.is_err() {
            self.doubt(&link);
        }
        wire
    }

    /// Gives all connections up.
    pub(crate) fn close(&self) {
        match &self.kind {
            Kind::Standalone(link) => link.forget(),
            Kind::Sentinel(sentinel) => sentinel.close(),
            Kind::Cluster(cluster) => cluster.close(),
        }
    }
}
