//! The `EventLog` seam.

mod append;
mod listener;
mod notifier;
mod payload;
mod read;
mod wakes;

pub(crate) use self::append::Appends;
pub(crate) use self::wakes::Wakes;

use std::ops::Range;

use async_trait::async_trait;
use bytes::Bytes;
use fastestmcp_core::backend::At;
use fastestmcp_core::error::StoreResult;
use fastestmcp_core::event::{EventLog, Keep, Offset, ReadFrom, TopicRead, WakeStream};

use crate::database::refuse;
use crate::store::PostgresStore;

#[async_trait]
impl EventLog for PostgresStore {
    async fn append(&self, topic: &str, events: Vec<Bytes>, keep: Keep) -> StoreResult<At<Range<Offset>>> {
        self.database().limits.check_append(topic, &events, &keep).map_err(refuse("append"))?;
        self.appends().submit(append::Append { topic: topic.to_owned(), events, keep }).await
    }

    async fn read(&self, topics: &[(String, ReadFrom)], limit: usize) -> StoreResult<At<Vec<TopicRead>>> {
        self.database().limits.check_read(topics, limit).map_err(refuse("read"))?;
        read::run(self.database(), topics, limit).await
    }

    async fn wake(&self, channels: &[String]) -> StoreResult<()> {
        self.database().limits.check_wake(channels).map_err(refuse("wake"))?;
        self.wakes().announce(self.database(), channels);
        Ok(())
    }

    async fn listen(&self) -> StoreResult<WakeStream> {
        self.wakes().listen(self.database()).await
    }
}
