use fastestmcp_core::error::{StoreError, StoreErrorKind};
use fastestmcp_core::limits::Refused;
use fastestmcp_core::page::InvalidPosition;

const BACKEND: &str = "memory";

/// For `map_err`: the error of a request that a limit refuses.
pub(crate) fn refused(operation: &'static str) -> impl Fn(Refused) -> StoreError {
    move |refused| refused.into_error(BACKEND, operation)
}

/// A page position that this listing did not produce.
pub(crate) fn invalid_cursor(operation: &'static str) -> impl FnOnce(InvalidPosition) -> StoreError {
    move |invalid| StoreError::new(StoreErrorKind::InvalidCursor, BACKEND, operation, invalid.to_string())
}
