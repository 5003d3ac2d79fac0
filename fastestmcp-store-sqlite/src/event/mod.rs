//! The `EventLog` seam.

mod append;
mod listener;
mod read;
mod topic;
mod wake;

pub(crate) use self::listener::Listener;
pub(crate) use self::topic::remove_some_dead;
pub(crate) use self::wake::Wakes;

use std::ops::Range;

use async_trait::async_trait;
use bytes::Bytes;
use fastestmcp_core::backend::At;
use fastestmcp_core::error::StoreResult;
use fastestmcp_core::event::{EventLog, Keep, Offset, ReadFrom, TopicRead, WakeStream};

use crate::store::{SqliteStore, refuse};

#[async_trait]
impl EventLog for SqliteStore {
    async fn append(&self, topic: &str, events: Vec<Bytes>, keep: Keep) -> StoreResult<At<Range<Offset>>> {
        self.limits().check_append(topic, &events, &keep).map_err(refuse("append"))?;
        self.transact(append::Append { topic: topic.to_owned(), events, keep }).await
    }

    async fn read(&self, topics: &[(String, ReadFrom)], limit: usize) -> StoreResult<At<Vec<TopicRead>>> {
        self.limits().check_read(topics, limit).map_err(refuse("read"))?;
        let max_bytes = self.limits().max_batch_bytes;
        self.query(read::Read { topics: topics.to_vec(), limit, max_bytes }).await
    }

    async fn wake(&self, channels: &[String]) -> StoreResult<()> {
        self.limits().check_wake(channels).map_err(refuse("wake"))?;
        if self.wakes().announce(channels) {
            self.transact_detached(wake::Announce::new(self.wakes().clone()))?;
        }
        Ok(())
    }

    async fn listen(&self) -> StoreResult<WakeStream> {
        let stream = self.wakes().subscribe();
        self.hear().await?;
        Ok(stream)
    }
}
