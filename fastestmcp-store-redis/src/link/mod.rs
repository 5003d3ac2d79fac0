//! Connections to servers.

mod dialer;
mod greeting;
mod wire;

pub(crate) use self::dialer::Dialer;
pub(crate) use self::greeting::Greeting;
pub(crate) use self::wire::Wire;

use std::time::Duration;

use parking_lot::RwLock;
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep};

use self::wire::Doubt;
use crate::config::Server;
use crate::error::Failure;

/// How long a connection that has not been used may take to prove that it works, before another one is made.
const PROOF: Duration = Duration::from_millis(250);

/// The way to one server: connects when it is first used, and again after the connection was lost.
pub(crate) struct Link {
    server: Server,
    dialer: Dialer,
    wire: RwLock<Option<Wire>>,
    /// Held by whoever connects; what the last attempt failed with.
    dialing: Mutex<Option<(Instant, Failure)>>,
}

impl Link {
    pub(crate) fn new(server: Server, dialer: Dialer) -> Self {
        Self { server, dialer, wire: RwLock::default(), dialing: Mutex::default() }
    }

    pub(crate) const fn server(&self) -> &Server {
        &self.server
    }

    /// A connection that works as far as is known. Of callers that come at once one connects, for all.
    pub(crate) async fn wire(&self) -> Result<Wire, Failure> {
        if let Some(wire) = self.working() {
            return Ok(wire);
        }
        let asked = Instant::now();
        let mut dialing = self.dialing.lock().await;
        if let Some(wire) = self.working() {
            return Ok(wire);
        }
        if let Some((at, failure)) = &*dialing
            && *at >= asked
        {
            return Err(failure.clone());
        }
        match self.connect().await {
            Ok(wire) => {
                *self.wire.write() = Some(wire.clone());
                *dialing = None;
                Ok(wire)
            }
            Err(failure) => {
                tracing::debug!(server = %self.server, %failure, "cannot connect");
                *dialing = Some((Instant::now(), failure.clone()));
                Err(failure)
            }
        }
    }

    /// Gives the connection up: the next caller connects again.
    pub(crate) fn forget(&self) {
        *self.wire.write() = None;
    }

    fn working(&self) -> Option<Wire> {
        self.current().filter(|wire| wire.doubt().is_none())
    }

    fn current(&self) -> Option<Wire> {
        self.wire.read().clone().filter(|wire| !wire.has_ended())
    }

    /// The connection there is, if it proves that it works before there is a new one.
    async fn connect(&self) -> Result<Wire, Failure> {
        let doubted = self.current().and_then(|wire| wire.doubt().map(|doubt| (wire, doubt)));
        let Some((old, doubt)) = doubted else { return self.dial().await };
        let dial = async {
            if doubt == Doubt::Disused {
                sleep(PROOF).await;
            }
            self.dial().await
        };
        tokio::pin!(dial);
        tokio::select! {
            biased;
            proof = old.check() => match proof {
                Ok(()) => Ok(old),
                Err(_) => self.dial().await,
            },
            fresh = &mut dial => {
                old.end();
                fresh
            }
        }
    }

    async fn dial(&self) -> Result<Wire, Failure> {
        self.dialer.dial(&self.server, |_| {}).await
    }
}
