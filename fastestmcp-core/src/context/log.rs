use serde_json::Value;

use super::Context;
use crate::event::List;
use crate::session::LogLevel;

/// What a handler tells the client's log.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct LogMessage {
    /// How much it matters.
    pub level: LogLevel,
    /// Who says it: the component.
    pub logger: String,
    /// What: a text, or any other value of JSON.
    pub data: Value,
}

impl Context {
    /// Tells the client's log. Never waits, and may be lost on a client that does not keep up.
    ///
    /// A client of a session gets what is at least of the level that it has set, everything if it never set one; one of
    /// 2026-07-28 gets it if its request asks for that level. In a task nobody waits: it goes to the server's own log.
    ///
    /// ```
    /// use fastestmcp_core::component::{NoArgs, Tool};
    /// use fastestmcp_core::context::Context;
    /// use fastestmcp_core::session::LogLevel;
    ///
    /// let tool = Tool::new("import", async |cx: Context, _: NoArgs| {
    ///     cx.log(LogLevel::Warning, "two rows have no name");
    ///     Ok("done")
    /// });
    /// # let _ = tool;
    /// ```
    pub fn log(&self, level: LogLevel, data: impl Into<Value>) {
        self.0.host.log(LogMessage { level, logger: self.0.name.clone(), data: data.into() });
    }

    /// Tells all clients that are subscribed to a resource, on all nodes, that it has changed. Never waits; a store that
    /// does not answer loses it.
    ///
    /// ```
    /// use fastestmcp_core::component::{NoArgs, Tool};
    /// use fastestmcp_core::context::Context;
    ///
    /// let tool = Tool::new("restock", async |cx: Context, _: NoArgs| {
    ///     cx.notify_resource_updated("shop://stock");
    ///     Ok("done")
    /// });
    /// # let _ = tool;
    /// ```
    pub fn notify_resource_updated(&self, uri: impl Into<String>) {
        self.0.host.resource_updated(uri.into());
    }

    /// Tells all clients that listen, on all nodes, that a list has changed and is to be asked for again. Never waits; a
    /// store that does not answer loses it.
    ///
    /// ```
    /// use fastestmcp_core::component::{NoArgs, Tool};
    /// use fastestmcp_core::context::Context;
    /// use fastestmcp_core::event::List;
    ///
    /// let tool = Tool::new("reload", async |cx: Context, _: NoArgs| {
    ///     cx.notify_list_changed(List::Resources);
    ///     Ok("done")
    /// });
    /// # let _ = tool;
    /// ```
    pub fn notify_list_changed(&self, list: List) {
        self.0.host.list_changed(list);
    }
}
