#![allow(deprecated, reason = "the revisions with sessions have logging")]

use fastestmcp_core::event::List;
use fastestmcp_core::session::LogLevel;
use rmcp::model::{
    LoggingLevel, PromptListChangedNotification, ResourceListChangedNotification, ResourceUpdatedNotification,
    ResourceUpdatedNotificationParam, ServerNotification, ToolListChangedNotification,
};

/// Tells a client that a list is to be asked for again.
pub fn list_changed(list: List) -> ServerNotification {
    match list {
        List::Tools => ToolListChangedNotification::default().into(),
        List::Prompts => PromptListChangedNotification::default().into(),
        List::Resources => ResourceListChangedNotification::default().into(),
    }
}

/// Tells a client that a resource is to be read again.
pub fn resource_updated(uri: &str) -> ServerNotification {
    ResourceUpdatedNotification::new(ResourceUpdatedNotificationParam::new(uri)).into()
}

/// A level of the wire in the words of the store.
pub const fn log_level(level: LoggingLevel) -> LogLevel {
    match level {
        LoggingLevel::Debug => LogLevel::Debug,
        LoggingLevel::Info => LogLevel::Info,
        LoggingLevel::Notice => LogLevel::Notice,
        LoggingLevel::Warning => LogLevel::Warning,
        LoggingLevel::Error => LogLevel::Error,
        LoggingLevel::Critical => LogLevel::Critical,
        LoggingLevel::Alert => LogLevel::Alert,
        LoggingLevel::Emergency => LogLevel::Emergency,
    }
}
