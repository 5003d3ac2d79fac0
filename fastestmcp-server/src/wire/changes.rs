//! What clients are told of changes.

use fastestmcp_core::event::List;
use rmcp::model::{
    PromptListChangedNotification, ResourceListChangedNotification, ResourceUpdatedNotification,
    ResourceUpdatedNotificationParam, ServerNotification, ToolListChangedNotification,
};

/// A list is to be asked for again.
pub(crate) fn list_changed(list: List) -> ServerNotification {
    match list {
        List::Tools => ToolListChangedNotification::default().into(),
        List::Prompts => PromptListChangedNotification::default().into(),
        List::Resources => ResourceListChangedNotification::default().into(),
    }
}

/// A resource is to be read again.
pub(crate) fn updated(uri: &str) -> ServerNotification {
    ResourceUpdatedNotification::new(ResourceUpdatedNotificationParam::new(uri)).into()
}
