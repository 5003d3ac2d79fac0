use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use fastestmcp::async_trait;
use fastestmcp_core::backend::{At, Backend, Guarantees, SweepBudget, Swept};
use fastestmcp_core::error::StoreResult;
use fastestmcp_core::event::{EventLog, Keep, Offset, ReadFrom, TopicRead, WakeStream};
use fastestmcp_core::time::StoreTime;

/// An event log that counts how often it is read.
pub(crate) struct Counted {
    pub(crate) log: Arc<dyn EventLog>,
    pub(crate) reads: Arc<AtomicU64>,
}

#[async_trait]
impl Backend for Counted {
    fn guarantees(&self) -> Guarantees {
        self.log.guarantees()
    }

    async fn ping(&self) -> StoreResult<StoreTime> {
        self.log.ping().await
    }

    async fn sweep(&self, budget: SweepBudget) -> StoreResult<Swept> {
        self.log.sweep(budget).await
    }

    async fn close(&self) -> StoreResult<()> {
        self.log.close().await
    }
}

#[async_trait]
impl EventLog for Counted {
    async fn append(&self, topic: &str, events: Vec<Bytes>, keep: Keep) -> StoreResult<At<Range<Offset>>> {
        self.log.append(topic, events, keep).await
    }

    async fn read(&self, topics: &[(String, ReadFrom)], limit: usize) -> StoreResult<At<Vec<TopicRead>>> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        self.log.read(topics, limit).await
    }

    async fn wake(&self, channels: &[String]) -> StoreResult<()> {
        self.log.wake(channels).await
    }

    async fn listen(&self) -> StoreResult<WakeStream> {
        self.log.listen().await
    }
}
