use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::{Buf, BufMut, Bytes, BytesMut};
use fastestmcp_core::backend::{BatchExecutor, BatchLimits, Coalescer, Site};
use fastestmcp_core::error::StoreResult;
use fastestmcp_core::event::{Wake, WakeHub};
use tokio::time::Instant;

use crate::error::BACKEND;
use crate::store::Servers;
use crate::tag::Tag;

/// Sends wake-ups: those that wait while a message is on its way travel in the next one.
pub(crate) struct Wakes {
    hub: Arc<WakeHub>,
    messages: Coalescer<Messages>,
}

impl Wakes {
    pub(crate) fn new(servers: &Arc<Servers>, tag: &Tag, hub: &Arc<WakeHub>, origin: u64) -> Self {
        let messages = Messages { servers: servers.clone(), slot: tag.slot(), channel: tag.key("wake"), origin };
        let batches = BatchLimits { lanes: 1, runs_per_lane: 1, max_items: 1_024, max_bytes: 1 << 18 };
        Self { hub: hub.clone(), messages: Coalescer::new(messages, batches) }
    }

    /// Wakes who listens here at once, and everyone else.
    pub(crate) async fn send(&self, channels: &[String], timeout: Duration) -> StoreResult<()> {
        if channels.is_empty() {
            return Ok(());
        }
        channels.iter().for_each(|channel| self.hub.tell(Wake::Channel(channel.clone())));
        self.messages.submit(0, channels.to_vec(), timeout).await
    }
}

struct Messages {
    servers: Arc<Servers>,
    slot: u16,
    channel: Bytes,
    origin: u64,
}

#[async_trait]
impl BatchExecutor for Messages {
    type Item = Vec<String>;
    type Answer = ();
    const SITE: Site = Site { backend: BACKEND, operation: "wake" };
    const WRITES: bool = true;

    fn bytes(&self, item: &Vec<String>) -> usize {
        item.iter().map(|channel| channel.len() + 2).sum()
    }

    async fn ready(&self, _: usize) -> StoreResult<()> {
        let reached = self.servers.reach(self.slot).await;
        reached.map(drop).map_err(|failure| failure.of_write(Self::SITE.operation))
    }

    async fn execute(&self, _: usize, items: &[Vec<String>], deadline: Instant) -> StoreResult<Vec<StoreResult<()>>> {
        let channels: BTreeSet<&str> = items.iter().flatten().map(String::as_str).collect();
        let mut publish = redis::cmd("PUBLISH");
        publish.arg(&self.channel[..]).arg(&encode(self.origin, channels)[..]);
        let sent = self.servers.ask_once(self.slot, &publish, deadline).await;
        sent.map_err(|failure| failure.of_write(Self::SITE.operation))?;
        Ok(items.iter().map(|_| Ok(())).collect())
    }
}

fn encode<'c>(origin: u64, channels: impl IntoIterator<Item = &'c str>) -> BytesMut {
    let mut message = BytesMut::new();
    message.put_u64(origin);
    for channel in channels {
        message.put_u16(u16::try_from(channel.len()).unwrap_or(u16::MAX));
        message.put_slice(channel.as_bytes());
    }
    message
}

/// What a message wakes here; nothing if it came from here. What is not understood may mean anything.
pub(super) fn decode(mut message: Bytes, origin: u64) -> Vec<Wake> {
    if message.try_get_u64().is_ok_and(|from| from == origin) {
        return Vec::new();
    }
    let mut wakes = Vec::new();
    while !message.is_empty() {
        let length = message.try_get_u16().map(usize::from).unwrap_or(usize::MAX);
        if length > message.len() {
            return vec![Wake::Reset];
        }
        let channel = String::from_utf8(message.split_to(length).to_vec());
        wakes.push(channel.map_or(Wake::Reset, Wake::Channel));
    }
    wakes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_read_as_they_were_written_but_not_by_who_wrote_them() {
        let message = encode(7, ["", "a\0b"]).freeze();
        assert_eq!(decode(message.clone(), 7), []);
        assert_eq!(decode(message.clone(), 8), ["", "a\0b"].map(|channel| Wake::Channel(channel.to_owned())));
        assert_eq!(decode(message.slice(..message.len() - 1), 8), [Wake::Reset]);
    }
}
