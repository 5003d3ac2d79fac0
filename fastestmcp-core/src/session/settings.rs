use serde::{Deserialize, Serialize};

use crate::record::Versioned;

const FORMAT: u8 = 1;

/// How much a log message matters (RFC 5424), in rising order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    /// For whoever writes the server.
    Debug,
    /// What goes on.
    Info,
    /// What is normal, and worth to be known.
    Notice,
    /// What may become an error.
    Warning,
    /// What failed.
    Error,
    /// What is broken.
    Critical,
    /// What must be mended at once.
    Alert,
    /// Nothing works.
    Emergency,
}

/// What the client of a session has set since it was opened, the same on every node (contract C5).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SessionSettings {
    format: u8,
    /// The least level of log messages that it wants; all of them, if it never said.
    pub level: Option<LogLevel>,
}

impl Default for SessionSettings {
    fn default() -> Self {
        Self { format: FORMAT, level: None }
    }
}

impl Versioned for SessionSettings {
    const FORMAT: u8 = FORMAT;

    fn format(&self) -> u8 {
        self.format
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_rise_as_rfc_5424_has_them_and_are_stored_by_their_names() {
        use LogLevel::{Alert, Critical, Debug, Emergency, Error, Info, Notice, Warning};
        let rising = [Debug, Info, Notice, Warning, Error, Critical, Alert, Emergency];
        assert!(rising.is_sorted());
        let names = ["debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"];
        assert_eq!(rising.map(|level| serde_json::to_value(level).unwrap()), names.map(serde_json::Value::from));
    }

    #[test]
    fn settings_are_stored_as_documented() {
        let settings = SessionSettings { level: Some(LogLevel::Warning), ..SessionSettings::default() };
        assert_eq!(serde_json::to_string(&settings).unwrap(), r#"{"format":1,"level":"warning"}"#);
    }
}
