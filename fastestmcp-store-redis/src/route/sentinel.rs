use std::sync::Arc;

use parking_lot::RwLock;
use tokio::sync::Mutex;

use crate::config::Server;
use crate::error::Failure;
use crate::link::{Dialer, Link};

/// A primary that Sentinels know.
pub(super) struct Sentinel {
    master: String,
    /// How Sentinels are connected to, and how servers are.
    ask: Dialer,
    dialer: Dialer,
    /// Whom to ask first. Held by whoever asks.
    sentinels: Mutex<Vec<Server>>,
    primary: RwLock<Option<Arc<Link>>>,
}

impl Sentinel {
    pub(super) fn new(sentinels: Vec<Server>, master: String, ask: Dialer, dialer: Dialer) -> Self {
        Self { master, ask, dialer, sentinels: Mutex::new(sentinels), primary: RwLock::default() }
    }

    pub(super) async fn find(&self) -> Result<Arc<Link>, Failure> {
        if let Some(known) = self.known() {
            return Ok(known);
        }
        let mut sentinels = self.sentinels.lock().await;
        if let Some(known) = self.known() {
            return Ok(known);
        }
        let mut failed = Failure::NoServer("there is no Sentinel to ask".to_owned());
        for index in 0..sentinels.len() {
            match self.ask(&sentinels[index]).await {
                Ok(link) => {
                    sentinels.swap(0, index);
                    *self.primary.write() = Some(link.clone());
                    return Ok(link);
                }
                Err(failure) => failed = failure,
            }
        }
        Err(failed)
    }

    pub(super) fn doubt(&self, link: &Arc<Link>) {
        let mut primary = self.primary.write();
        if primary.as_ref().is_some_and(|known| Arc::ptr_eq(known, link)) {
            *primary = None;
        }
    }

    pub(super) fn close(&self) {
        if let Some(link) = self.primary.write().take() {
            link.forget();
        }
    }

    fn known(&self) -> Option<Arc<Link>> {
        self.primary.read().clone()
    }

    async fn ask(&self, sentinel: &Server) -> Result<Arc<Link>, Failure> {
        let wire = self.ask.dial(sentinel, |_| {}).await?;
        let mut command = redis::cmd("SENTINEL");
        command.arg("get-master-addr-by-name").arg(&self.master);
        let known: Option<(String, u16)> =
            redis::from_redis_value(wire.ask(&command).await?).map_err(|_| Failure::Reply("SENTINEL"))?;
        let Some((host, port)) = known else {
            return Err(Failure::NoServer(format!("the Sentinel {sentinel} does not know that master")));
        };
        let link = Link::new(Server::new(host, port), self.dialer.clone());
        // A Sentinel may not have noticed yet: a replica is refused.
        link.wire().await?;
        Ok(Arc::new(link))
    }
}
