//! The event seam: topics in memory, wake-ups over a broadcast channel.

mod topic;
mod topics;

pub(crate) use topics::Topics;

use std::ops::Range;

use async_trait::async_trait;
use bytes::Bytes;
use fastestmcp_core::backend::At;
use fastestmcp_core::error::StoreResult;
use fastestmcp_core::event::{EventLog, Keep, Offset, ReadFrom, TopicRead, Wake, WakeStream};
use futures_util::StreamExt;

use crate::MemoryStore;
use crate::error::refused;

#[async_trait]
impl EventLog for MemoryStore {
    async fn append(&self, topic: &str, events: Vec<Bytes>, keep: Keep) -> StoreResult<At<Range<Offset>>> {
        self.data.limits.check_append(topic, &events, &keep).map_err(refused("append"))?;
        let mut topics = self.space.topics.lock();
        let now = self.data.clock.now();
        Ok(At::new(now, topics.append(topic, events, keep, now, &self.data.sequence)))
    }

    async fn read(&self, topics: &[(String, ReadFrom)], limit: usize) -> StoreResult<At<Vec<TopicRead>>> {
        self.data.limits.check_read(topics, limit).map_err(refused("read"))?;
        let stored = self.space.topics.lock();
        let now = self.data.clock.now();
        let mut left = self.data.limits.max_batch_bytes;
        let read = |(topic, from): &(String, ReadFrom)| stored.read(topic, *from, limit, &mut left);
        Ok(At::new(now, topics.iter().map(read).collect()))
    }

    async fn wake(&self, channels: &[String]) -> StoreResult<()> {
        self.data.limits.check_wake(channels).map_err(refused("wake"))?;
        for channel in channels {
            self.space.wakes.tell(Wake::Channel(channel.clone()));
        }
        Ok(())
    }

    async fn listen(&self) -> StoreResult<WakeStream> {
        // The stream holds the namespace, and with it the hub, so it does not end with the last handle.
        let space = self.space.clone();
        Ok(space.wakes.listen().inspect(move |_| _ = &space).boxed())
    }
}
