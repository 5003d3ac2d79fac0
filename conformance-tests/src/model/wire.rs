use std::future::Future;
use std::time::Duration;

use fastestmcp_core::error::{StoreError, StoreErrorKind, StoreResult};
use fastestmcp_core::event::{Wake, WakeHub, WakeStream};
use parking_lot::Mutex;

use super::{Bug, NAME, Switch};
use crate::harness::Fault;

/// How long an operation takes at most (G5).
const DEADLINE: Duration = Duration::from_secs(5);

/// The connection between one node and the model: it can be cut, and spoil single operations.
#[derive(Debug, Default)]
pub(crate) struct Wire {
    state: Mutex<State>,
    /// Told of a reset whenever the connection comes back.
    listeners: WakeHub,
}

#[derive(Debug, Default)]
struct State {
    is_cut: bool,
    fault: Option<Fault>,
}

impl Wire {
    pub(crate) fn arm(&self, fault: Fault) {
        self.state.lock().fault = Some(fault);
    }

    pub(crate) fn cut(&self) {
        self.state.lock().is_cut = true;
    }

    pub(crate) fn heal(&self) {
        self.state.lock().is_cut = false;
        self.listeners.tell(Wake::Reset);
    }

    /// The resets of those who listen over this connection.
    pub(crate) fn resets(&self) -> WakeStream {
        self.listeners.listen()
    }

    /// Carries one operation, or fails as a broken connection does.
    pub(crate) async fn carry<T: Send>(
        &self,
        operation: &'static str,
        switch: &Switch,
        work: impl Future<Output = StoreResult<T>> + Send,
    ) -> StoreResult<T> {
        let (is_cut, fault) = {
            let mut state = self.state.lock();
            (state.is_cut, state.fault.take())
        };
        let failed = |kind, detail: &str| StoreError::new(kind, NAME, operation, detail);
        match fault {
            _ if is_cut => Err(failed(StoreErrorKind::Unavailable, "the connection is cut")),
            Some(Fault::FailBefore) => Err(failed(StoreErrorKind::Unavailable, "an injected fault")),
            Some(Fault::LoseRequest) => Err(failed(StoreErrorKind::Unavailable, "an injected fault").unknown()),
            Some(Fault::ExecuteThenTimeout) => {
                work.await?;
                Err(failed(StoreErrorKind::Timeout, "an injected fault").unknown())
            }
            Some(Fault::Delay(by)) if by > DEADLINE && !switch.is(Bug::NoDeadline) => {
                tokio::time::sleep(DEADLINE).await;
                Err(failed(StoreErrorKind::Timeout, "the deadline passed").unknown())
            }
            Some(Fault::Delay(by)) => {
                tokio::time::sleep(by).await;
                work.await
            }
            None => work.await,
        }
    }
}
