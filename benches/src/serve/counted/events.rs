use std::ops::Range;

use bytes::Bytes;
use fastestmcp::async_trait;
use fastestmcp_core::backend::At;
use fastestmcp_core::error::StoreResult;
use fastestmcp_core::event::{EventLog, Keep, Offset, ReadFrom, TopicRead, WakeStream};

use super::Counted;

#[async_trait]
impl EventLog for Counted<dyn EventLog> {
    async fn append(&self, topic: &str, events: Vec<Bytes>, keep: Keep) -> StoreResult<At<Range<Offset>>> {
        self.calls.count("events.append");
        self.seam.append(topic, events, keep).await
    }

    async fn read(&self, topics: &[(String, ReadFrom)], limit: usize) -> StoreResult<At<Vec<TopicRead>>> {
        self.calls.count("events.read");
        self.seam.read(topics, limit).await
    }

    async fn wake(&self, channels: &[String]) -> StoreResult<()> {
        self.calls.count("events.wake");
        self.seam.wake(channels).await
    }

    async fn listen(&self) -> StoreResult<WakeStream> {
        self.calls.count("events.listen");
        self.seam.listen().await
    }
}
