use std::fmt;

/// Why there is no server, or why something cannot be done with it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ServerError {
    /// A program is not installed.
    #[error("{program} is missing: install {package}, or leave it out with FASTESTMCP_TEST_WITHOUT (see test-servers)")]
    Missing {
        /// What was looked for.
        program: &'static str,
        /// What to install.
        package: &'static str,
    },
    /// Whoever runs the tests asked to do without.
    #[error("{0} is left out by FASTESTMCP_TEST_WITHOUT")]
    LeftOut(&'static str),
    /// The server is not ours to stop.
    #[error("{0} needs a server of our own, not the one that the environment names")]
    Unsupported(&'static str),
    /// It should have worked.
    #[error("{0}")]
    Failed(String),
}

impl ServerError {
    pub(crate) fn failed(what: impl fmt::Display, error: impl fmt::Display) -> Self {
        Self::Failed(format!("{what}: {error}"))
    }
}
