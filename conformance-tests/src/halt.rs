use fastestmcp_core::error::StoreError;
use fastestmcp_core::operation::CallError;
use fastestmcp_core::runtime::StartError;
use fastestmcp_core::session::SessionError;

use crate::harness::HarnessError;

/// Why a case ended before its end.
#[derive(Debug)]
pub(crate) enum Halt {
    /// It cannot be tried here.
    Skip(String),
    /// The harness failed.
    Harness(String),
    /// The store failed where a value was due.
    Store(StoreError),
    /// The store gave another value than the one that the rest of the case needs.
    Wrong(String),
}

impl From<StoreError> for Halt {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<HarnessError> for Halt {
    fn from(error: HarnessError) -> Self {
        match error {
            HarnessError::Unsupported(reason) => Self::Skip(reason),
            HarnessError::Failed(detail) => Self::Harness(detail),
        }
    }
}

impl From<CallError> for Halt {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Store(error) => Self::Store(error),
            other => Self::Wrong(format!("a result was due, not the error: {other}")),
        }
    }
}

impl From<SessionError> for Halt {
    fn from(error: SessionError) -> Self {
        match error {
            SessionError::Store(error) => Self::Store(error),
            other => Self::Wrong(format!("a session was due, not the error: {other}")),
        }
    }
}

impl From<StartError> for Halt {
    fn from(error: StartError) -> Self {
        Self::Wrong(format!("the runtime was not built: {error}"))
    }
}

/// How a case ends. What it found is in its scene.
pub(crate) type CaseResult = Result<(), Halt>;
