use std::sync::{Arc, Weak};
use std::time::Duration;

use bytes::Bytes;
use fastestmcp_core::error::StoreResult;
use fastestmcp_core::event::{Wake, WakeHub, WakeStream};
use parking_lot::Mutex;
use redis::{PushInfo, PushKind, Value};
use tokio::sync::{Notify, watch};
use tokio::time::{sleep, timeout};

use super::wake::decode;
use crate::error::Failure;
use crate::link::Wire;
use crate::store::Servers;
use crate::tag::Tag;

/// How often a connection is asked whether it still works and its server still leads.
const PULSE: Duration = Duration::from_secs(1);
/// How long a listener that failed waits.
const RETRY: Duration = Duration::from_millis(100);

/// Hears the wake-ups of other nodes, on one connection for all who listen here. It is made for the first of them.
pub(crate) struct Listener {
    servers: Arc<Servers>,
    hub: Arc<WakeHub>,
    tag: Tag,
    origin: u64,
    hears: Mutex<Option<watch::Receiver<bool>>>,
}

impl Listener {
    pub(crate) fn new(servers: &Arc<Servers>, tag: &Tag, hub: &Arc<WakeHub>, origin: u64) -> Self {
        Self { servers: servers.clone(), hub: hub.clone(), tag: tag.clone(), origin, hears: Mutex::default() }
    }

    /// A stream of what is heard from now on; answers once something can be.
    pub(crate) async fn listen(&self, patience: Duration) -> StoreResult<WakeStream> {
        let stream = self.hub.listen();
        let mut hears = self.start();
        let late = || Failure::Late.of_read("listen");
        match timeout(patience, hears.wait_for(|hears| *hears)).await {
            Ok(Ok(_)) => Ok(stream),
            Ok(Err(_)) => Err(Failure::Closed.of_read("listen")),
            Err(_) => Err(late()),
        }
    }

    fn start(&self) -> watch::Receiver<bool> {
        self.hears
            .lock()
            .get_or_insert_with(|| {
                let (told, hears) = watch::channel(false);
                let ear = Ear {
                    servers: Arc::downgrade(&self.servers),
                    hub: Arc::downgrade(&self.hub),
                    tag: self.tag.clone(),
                    origin: self.origin,
                    ended: Arc::default(),
                };
                tokio::spawn(ear.run(told));
                hears
            })
            .clone()
    }
}

/// What runs as long as the store is there.
struct Ear {
    servers: Weak<Servers>,
    hub: Weak<WakeHub>,
    tag: Tag,
    origin: u64,
    ended: Arc<Notify>,
}

impl Ear {
    async fn run(self, told: watch::Sender<bool>) {
        let mut failed = false;
        loop {
            match self.subscribe().await {
                Ok(Some(wire)) => {
                    if failed && let Some(hub) = self.hub.upgrade() {
                        hub.tell(Wake::Reset);
                    }
                    told.send_replace(true);
                    self.attend(&wire).await;
                    told.send_replace(false);
                }
                Ok(None) => return,
                Err(failure) => tracing::debug!(%failure, "cannot listen"),
            }
            failed = true;
            sleep(RETRY).await;
        }
    }

    /// A connection that hears, or nothing if the store is gone.
    async fn subscribe(&self) -> Result<Option<Wire>, Failure> {
        let Some(servers) = self.servers.upgrade().filter(|servers| !servers.is_closed()) else { return Ok(None) };
        let (hub, origin, ended) = (self.hub.clone(), self.origin, self.ended.clone());
        let hear = move |push: PushInfo| {
            if push.kind == PushKind::Disconnection {
                ended.notify_one();
            } else if let (Some(message), Some(hub)) = (message(push), hub.upgrade()) {
                decode(message, origin).into_iter().for_each(|wake| hub.tell(wake));
            }
        };
        let wire = servers.connect_apart(self.tag.slot(), hear).await?;
        let mut subscribe = redis::cmd("SUBSCRIBE");
        subscribe.arg(&self.tag.key("wake")[..]);
        wire.ask(&subscribe).await?;
        Ok(Some(wire))
    }

    /// Until the connection or the store is gone.
    async fn attend(&self, wire: &Wire) {
        loop {
            // A permit left over from an earlier connection costs one pulse.
            let _ = timeout(PULSE, self.ended.notified()).await;
            if self.servers.upgrade().is_none_or(|servers| servers.is_closed()) {
                return;
            }
            let pulse = timeout(PULSE, wire.check()).await;
            if !matches!(pulse, Ok(Ok(_))) {
                return;
            }
        }
    }
}

/// The payload, if it is a message that was pushed.
fn message(push: PushInfo) -> Option<Bytes> {
    match (push.kind, push.data.into_iter().nth(1)) {
        (PushKind::Message, Some(Value::BulkString(payload))) => Some(payload.into()),
        _ => None,
    }
}
