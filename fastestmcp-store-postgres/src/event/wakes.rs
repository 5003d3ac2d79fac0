use std::collections::BTreeSet;
use std::sync::Arc;

use fastestmcp_core::error::{StoreErrorKind, StoreResult};
use fastestmcp_core::event::{Wake, WakeHub, WakeStream};
use fastestmcp_core::ids::random_bytes;
use parking_lot::Mutex;
use tokio::sync::{Notify, watch};
use tokio::time::timeout;

use super::{listener, notifier};
use crate::database::Database;
use crate::error::site;

/// The wake-ups of one store: to its own listeners at once, to other nodes by NOTIFY.
#[derive(Debug)]
pub(crate) struct Wakes {
    pub(super) hub: WakeHub,
    /// The notification channel of the namespace.
    pub(super) channel: String,
    /// Tells this store's notifications from others'.
    pub(super) sender: String,
    outbox: Mutex<Outbox>,
    pub(super) filled: Notify,
    /// The listener's state, which ends with the store.
    pub(super) hearing: watch::Sender<Hearing>,
    listening: Mutex<bool>,
}

/// What waits to be sent.
#[derive(Debug, Default)]
struct Outbox {
    channels: BTreeSet<String>,
    /// Whether somebody empties it.
    served: bool,
}

/// Whether notifications of others arrive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Hearing {
    #[default]
    Nothing,
    Everything,
    /// The store is closed.
    Closed,
}

impl Wakes {
    pub(crate) fn new(database: &Database) -> Self {
        Self {
            hub: WakeHub::new(),
            channel: format!("fastestmcp_{:016x}", database.lock_key(&[b"wakes"])),
            sender: format!("{:016x}", random_bytes().map_or(u64::from(std::process::id()), u64::from_be_bytes)),
            outbox: Mutex::default(),
            filled: Notify::new(),
            hearing: watch::Sender::new(Hearing::Nothing),
            listening: Mutex::new(false),
        }
    }

    /// Wakes this store's listeners now, and others' as soon as the connection for it is free.
    pub(super) fn announce(self: &Arc<Self>, database: &Arc<Database>, channels: &[String]) {
        for channel in channels {
            self.hub.tell(Wake::Channel(channel.clone()));
        }
        if channels.is_empty() || self.is_closed() {
            return;
        }
        let served = {
            let mut outbox = self.outbox.lock();
            outbox.channels.extend(channels.iter().cloned());
            std::mem::replace(&mut outbox.served, true)
        };
        if !served {
            tokio::spawn(notifier::run(self.clone(), database.clone()));
        }
        self.filled.notify_one();
    }

    pub(super) fn take(&self) -> BTreeSet<String> {
        std::mem::take(&mut self.outbox.lock().channels)
    }

    /// The wake-ups from now on; answers once those of other nodes arrive.
    pub(super) async fn listen(self: &Arc<Self>, database: &Arc<Database>) -> StoreResult<WakeStream> {
        let site = site("listen");
        let stream = self.hub.listen();
        if !std::mem::replace(&mut *self.listening.lock(), true) {
            tokio::spawn(listener::run(self.clone(), database.clone()));
        }
        let mut hearing = self.hearing.subscribe();
        let settled = timeout(database.timeout, hearing.wait_for(|hearing| *hearing != Hearing::Nothing)).await;
        match settled.map(|settled| settled.map(|hearing| *hearing)) {
            Ok(Ok(Hearing::Everything)) => Ok(stream),
            Ok(_) => Err(site.error(StoreErrorKind::Unavailable, "the store is closed")),
            Err(_) => Err(site.error(StoreErrorKind::Timeout, "the deadline passed before there was a connection")),
        }
    }

    pub(super) fn is_closed(&self) -> bool {
        *self.hearing.borrow() == Hearing::Closed
    }

    /// Ends the tasks that send and hear.
    pub(crate) fn close(&self) {
        self.hearing.send_replace(Hearing::Closed);
        self.filled.notify_one();
    }

    /// Says whether notifications arrive, unless the store is closed.
    pub(super) fn hears(&self, state: Hearing) {
        self.hearing.send_if_modified(|hearing| {
            let changes = *hearing != Hearing::Closed && *hearing != state;
            if changes {
                *hearing = state;
            }
            changes
        });
    }
}
