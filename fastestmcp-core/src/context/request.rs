use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use super::Context;

/// The headers that a request came with, as its transport keeps them.
pub trait Headers: Send + Sync {
    /// The value of a header, whatever the case of its name; the first one if there are several, and `None` for one that is
    /// no text.
    fn header(&self, name: &str) -> Option<&str>;
}

/// What the message of a call came with. A call in this process and the run of a task came with nothing.
#[derive(Clone, Default)]
pub struct RequestInfo {
    id: Option<String>,
    headers: Option<Arc<dyn Headers>>,
}

impl fmt::Debug for RequestInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Headers hold secrets (contract G17).
        f.debug_struct("RequestInfo").field("id", &self.id).finish_non_exhaustive()
    }
}

impl RequestInfo {
    /// What a message with this id came with.
    pub const fn new(id: String, headers: Option<Arc<dyn Headers>>) -> Self {
        Self { id: Some(id), headers }
    }

    /// The JSON-RPC id, as its client chose it: unique among what that client has open at most.
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// The value of an HTTP header, whatever the case of its name; the first one if there are several.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.as_ref()?.header(name)
    }
}

impl Context {
    /// The value of a header of the HTTP request that the call came with; the first one if there are several. `None` also on
    /// stdio, in process, and in a task: what is to reach its handler belongs into the arguments.
    ///
    /// ```
    /// use fastestmcp_core::component::{NoArgs, Tool};
    /// use fastestmcp_core::context::Context;
    ///
    /// let tool = Tool::new("greet", async |cx: Context, _: NoArgs| {
    ///     let german = cx.header("accept-language").is_some_and(|languages| languages.starts_with("de"));
    ///     Ok(if german { "Guten Tag" } else { "Good day" })
    /// });
    /// # let _ = tool;
    /// ```
    pub fn header(&self, name: &str) -> Option<&str> {
        self.0.request.header(name)
    }

    /// The JSON-RPC id of the request, for logs: another client may have used the same. `None` in process and in a task.
    ///
    /// ```
    /// use fastestmcp_core::component::{NoArgs, Tool};
    /// use fastestmcp_core::context::Context;
    ///
    /// let tool = Tool::new("id", async |cx: Context, _: NoArgs| Ok(cx.request_id().unwrap_or("none").to_owned()));
    /// # let _ = tool;
    /// ```
    pub fn request_id(&self) -> Option<&str> {
        self.0.request.id()
    }

    /// The network address that the call came from: of the connection, or what a proxy says that the operator trusts. `None`
    /// on stdio, in process, and in a task.
    ///
    /// ```
    /// use fastestmcp_core::component::{NoArgs, Tool};
    /// use fastestmcp_core::context::Context;
    ///
    /// let tool = Tool::new("where", async |cx: Context, _: NoArgs| Ok(format!("{:?}", cx.peer())));
    /// # let _ = tool;
    /// ```
    pub fn peer(&self) -> Option<IpAddr> {
        self.0.caller.address
    }
}
