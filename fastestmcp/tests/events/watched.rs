//! A real log that counts what it is asked and has faults on demand.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use fastestmcp_core::backend::{At, Backend, Guarantees, SweepBudget, Swept};
use fastestmcp_core::error::{StoreError, StoreErrorKind, StoreResult};
use fastestmcp_core::event::{EventLog, Keep, Offset, ReadFrom, TopicRead, WakeStream};
use fastestmcp_core::time::StoreTime;
use parking_lot::Mutex;

/// What happens to a read.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fault {
    Fail,
    Panic,
    Hang,
    /// It is carried out, and answered a moment later.
    Late,
}

pub(crate) struct Watched {
    inner: Arc<dyn EventLog>,
    /// How many topics each read asked for.
    reads: Mutex<Vec<usize>>,
    faults: Mutex<VecDeque<Fault>>,
    /// A read that asks for it is `Corrupt`.
    damaged: Mutex<Option<&'static str>>,
    /// The channels of each call.
    wakes: Mutex<Vec<Vec<String>>>,
    wakes_hang: Mutex<bool>,
}

impl Watched {
    pub(crate) fn new(inner: Arc<dyn EventLog>) -> Arc<Self> {
        let (reads, faults, damaged, wakes, wakes_hang) = Default::default();
        Arc::new(Self { inner, reads, faults, damaged, wakes, wakes_hang })
    }

    /// The reads since the last call.
    pub(crate) fn reads(&self) -> Vec<usize> {
        std::mem::take(&mut self.reads.lock())
    }

    /// Happens to the next `times` reads.
    pub(crate) fn fault(&self, fault: Fault, times: usize) {
        self.faults.lock().extend(std::iter::repeat_n(fault, times));
    }

    pub(crate) fn damage(&self, topic: &'static str) {
        *self.damaged.lock() = Some(topic);
    }

    /// The channels of each wake-up since the last call.
    pub(crate) fn wakes(&self) -> Vec<Vec<String>> {
        std::mem::take(&mut self.wakes.lock())
    }

    pub(crate) fn hang_wakes(&self) {
        *self.wakes_hang.lock() = true;
    }
}

#[async_trait]
impl Backend for Watched {
    fn guarantees(&self) -> Guarantees {
        self.inner.guarantees()
    }

    async fn ping(&self) -> StoreResult<StoreTime> {
        self.inner.ping().await
    }

    async fn sweep(&self, budget: SweepBudget) -> StoreResult<Swept> {
        self.inner.sweep(budget).await
    }

    async fn close(&self) -> StoreResult<()> {
        self.inner.close().await
    }
}

#[async_trait]
impl EventLog for Watched {
    async fn append(&self, topic: &str, events: Vec<Bytes>, keep: Keep) -> StoreResult<At<Range<Offset>>> {
        self.inner.append(topic, events, keep).await
    }

    async fn read(&self, topics: &[(String, ReadFrom)], limit: usize) -> StoreResult<At<Vec<TopicRead>>> {
        self.reads.lock().push(topics.len());
        let error = |kind| Err(StoreError::new(kind, "watched", "read", "on purpose"));
        let fault = self.faults.lock().pop_front();
        match fault {
            Some(Fault::Fail) => return error(StoreErrorKind::Unavailable),
            Some(Fault::Panic) => panic!("on purpose"),
            Some(Fault::Hang) => std::future::pending().await,
            Some(Fault::Late) | None => {}
        }
        if topics.iter().any(|(topic, _)| Some(&**topic) == *self.damaged.lock()) {
            return error(StoreErrorKind::Corrupt);
        }
        let answer = self.inner.read(topics, limit).await;
        if matches!(fault, Some(Fault::Late)) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        answer
    }

    async fn wake(&self, channels: &[String]) -> StoreResult<()> {
        self.wakes.lock().push(channels.to_vec());
        if *self.wakes_hang.lock() {
            std::future::pending().await
        }
        self.inner.wake(channels).await
    }

    async fn listen(&self) -> StoreResult<WakeStream> {
        self.inner.listen().await
    }
}
