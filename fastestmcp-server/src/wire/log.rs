#![allow(deprecated, reason = "clients have logs all the same")]

use fastestmcp_core::context::LogMessage;
use fastestmcp_core::session::LogLevel;
use rmcp::model::{LoggingLevel, LoggingMessageNotification, LoggingMessageNotificationParam, ServerNotification};

/// A message for the client's log.
pub(crate) fn notification(message: &LogMessage) -> ServerNotification {
    let params = LoggingMessageNotificationParam::new(level(message.level), message.data.clone());
    LoggingMessageNotification::new(params.with_logger(message.logger.clone())).into()
}

const fn level(level: LogLevel) -> LoggingLevel {
    match level {
        LogLevel::Debug => LoggingLevel::Debug,
        LogLevel::Info => LoggingLevel::Info,
        LogLevel::Notice => LoggingLevel::Notice,
        LogLevel::Warning => LoggingLevel::Warning,
        LogLevel::Error => LoggingLevel::Error,
        LogLevel::Critical => LoggingLevel::Critical,
        LogLevel::Alert => LoggingLevel::Alert,
        LogLevel::Emergency => LoggingLevel::Emergency,
    }
}
