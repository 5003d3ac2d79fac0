//! The `EventLog` seam.

mod append;
mod listener;
mod read;
mod sweep;
mod wake;

pub(crate) use self::listener::Listener;
pub(crate) use self::sweep::sweep;
pub(crate) use self::wake::Wakes;

use std::ops::Range;

use async_trait::async_trait;
use bytes::Bytes;
use fastestmcp_core::backend::At;
use fastestmcp_core::error::StoreResult;
use fastestmcp_core::event::{EventLog, Keep, Offset, ReadFrom, TopicRead, WakeStream};

use crate::parts::{Parts, Place};
use crate::reply::hex;
use crate::store::{RedisStore, refuse};

/// Where a topic is, and the name of its stream there.
fn topic_place(parts: &Parts, topic: &str) -> (Place, String) {
    let place = parts.place(&[b"topic", topic.as_bytes()]);
    (place, stream_name(&place.digest))
}

fn stream_name(digest: &[u8]) -> String {
    format!("log:{}", hex(digest))
}

#[async_trait]
impl EventLog for RedisStore {
    async fn append(&self, topic: &str, events: Vec<Bytes>, keep: Keep) -> StoreResult<At<Range<Offset>>> {
        self.limits().check_append(topic, &events, &keep).map_err(refuse("append"))?;
        append::run(self, topic, &events, keep).await
    }

    async fn read(&self, topics: &[(String, ReadFrom)], limit: usize) -> StoreResult<At<Vec<TopicRead>>> {
        self.limits().check_read(topics, limit).map_err(refuse("read"))?;
        read::run(self, topics, limit).await
    }

    async fn wake(&self, channels: &[String]) -> StoreResult<()> {
        self.limits().check_wake(channels).map_err(refuse("wake"))?;
        self.wakes().send(channels, self.timeout()).await
    }

    async fn listen(&self) -> StoreResult<WakeStream> {
        self.listener().listen(self.timeout()).await
    }
}
