use std::future::Future;

use fastestmcp_core::error::{StoreError, StoreErrorKind, StoreResult};
use parking_lot::Mutex;

use super::NAME;
use crate::harness::Fault;

/// The connection between one node and the model: it can be cut, and spoil single operations.
#[derive(Debug, Default)]
pub(crate) struct Wire(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    is_cut: bool,
    fault: Option<Fault>,
}

impl Wire {
    pub(crate) fn arm(&self, fault: Fault) {
        self.0.lock().fault = Some(fault);
    }

    pub(crate) fn set_cut(&self, is_cut: bool) {
        self.0.lock().is_cut = is_cut;
    }

    /// Carries one operation, or fails as a broken connection does.
    pub(crate) async fn carry<T: Send>(
        &self,
        operation: &'static str,
        work: impl Future<Output = StoreResult<T>> + Send,
    ) -> StoreResult<T> {
        let (is_cut, fault) = {
            let mut state = self.0.lock();
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
            Some(Fault::Delay(by)) => {
                tokio::time::sleep(by).await;
                work.await
            }
            None => work.await,
        }
    }
}
