use std::fmt;
use std::process::ExitCode;

use super::client::Failure;

/// Why there is no success.
#[derive(Debug)]
pub(super) enum Stop {
    /// The tool failed.
    Failed(String),
    /// It cannot be asked like this.
    Usage(String),
    /// The server does not answer.
    Unreachable(String),
}

impl Stop {
    /// The server answered with what the protocol does not know.
    pub(super) fn strange(what: &str) -> Self {
        Self::Unreachable(format!("the server does not speak MCP 2026-07-28: {what}"))
    }

    pub(super) fn code(&self) -> ExitCode {
        match self {
            Self::Failed(_) => ExitCode::from(1),
            Self::Usage(_) | Self::Unreachable(_) => ExitCode::from(2),
        }
    }
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Failed(text) | Self::Usage(text) | Self::Unreachable(text)) = self;
        f.write_str(text)
    }
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Refused { message, .. } => Self::Failed(format!("the server refused: {message}")),
            Failure::Away(reason) | Failure::Broken(reason) => Self::Unreachable(reason),
            Failure::Strange(what) => Self::strange(&what),
        }
    }
}
