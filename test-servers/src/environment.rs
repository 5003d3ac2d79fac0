//! What the environment says about the servers of tests.

use std::env;

use crate::ServerError;

/// Whether whoever runs the tests does without one of these.
pub(crate) fn wanted(names: &[&'static str]) -> Result<(), ServerError> {
    let without = env::var("FASTESTMCP_TEST_WITHOUT").unwrap_or_default();
    match names.iter().find(|name| without.split(',').any(|left_out| left_out.trim() == **name)) {
        Some(name) => Err(ServerError::LeftOut(name)),
        None => Ok(()),
    }
}

/// An existing server to use instead.
pub(crate) fn existing(variable: &str) -> Option<String> {
    env::var(variable).ok().filter(|url| !url.is_empty())
}
