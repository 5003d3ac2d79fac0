//! One server of a kind for a whole process.

use std::sync::OnceLock;

use crate::ServerError;

/// A server that is started when it is first asked for, and ends with the process.
#[derive(Debug)]
pub(crate) struct Shared<S>(OnceLock<Result<S, ServerError>>);

impl<S> Shared<S> {
    pub(crate) const fn new() -> Self {
        Self(OnceLock::new())
    }

    pub(crate) fn get(
        &'static self,
        start: impl FnOnce() -> Result<S, ServerError>,
    ) -> Result<&'static S, ServerError> {
        self.0.get_or_init(start).as_ref().map_err(Clone::clone)
    }
}
