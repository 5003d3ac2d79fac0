use std::fmt;
use std::sync::Arc;

use futures_util::FutureExt;
use serde_json::Value;

use super::description::{annotated, described};
use super::{Caching, Component, Description, Icon, IntoContents, Prepared, ResourceContents, Role, refusal};
use crate::context::{Context, ToolError};
use crate::task::RpcError;

type Prepare = dyn Fn(String, Option<String>) -> Prepared<Vec<ResourceContents>> + Send + Sync;

/// Something at a URI that clients can read.
///
/// ```
/// use fastestmcp_core::component::{Json, Resource};
///
/// let limits = Resource::new("shop://limits", async |_cx| Ok(Json([("orders", 100)]))).title("Limits");
/// assert_eq!((limits.uri(), limits.mime_type()), ("shop://limits", Some("application/json")));
/// let logo = Resource::new("shop://logo.png", async |_cx| Ok(vec![0x89_u8, b'P'])).mime("image/png").size(2);
/// assert_eq!(logo.bytes(), Some(2));
/// ```
#[derive(Clone)]
pub struct Resource {
    pub(super) description: Description,
    pub(super) uri: String,
    pub(super) mime_type: Option<String>,
    pub(super) caching: Caching,
    size: Option<u64>,
    prepare: Arc<Prepare>,
}

impl fmt::Debug for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resource").field("uri", &self.uri).finish_non_exhaustive()
    }
}

described!(Resource, "Resource::new(\"shop://config\", async |_cx| Ok(\"open\"))");
annotated!(Resource, "Resource::new(\"shop://config\", async |_cx| Ok(\"open\"))");

impl Resource {
    /// A resource from an async function or a closure without captures. What is no URI is refused when the server is
    /// built.
    pub fn new<O, F, Fut>(uri: impl Into<String>, handler: F) -> Self
    where
        O: IntoContents,
        F: Fn(Context) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<O, ToolError>> + Send + 'static,
    {
        let (uri, handler) = (uri.into(), Arc::new(handler));
        let prepare = move |uri: String, mime_type: Option<String>| {
            let handler = handler.clone();
            let read = move |cx| {
                let contents = move |output: O| output.into_contents(&uri, mime_type.as_deref());
                handler(cx).map(|result| result.and_then(contents)).boxed()
            };
            Box::new(read) as Prepared<Vec<ResourceContents>>
        };
        Self {
            description: Description::named(uri.clone()),
            uri,
            mime_type: O::mime_type().map(str::to_owned),
            caching: Caching::default(),
            size: None,
            prepare: Arc::new(prepare),
        }
    }

    /// A resource that shares `state` with all reads of it.
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use fastestmcp_core::component::Resource;
    /// use fastestmcp_core::context::Context;
    ///
    /// let motd = Arc::new("Closed on Sunday.".to_owned());
    /// let resource = Resource::with_state("shop://motd", motd, async |motd: Arc<String>, _cx: Context| Ok(motd.to_string()));
    /// ```
    pub fn with_state<S, O, F, Fut>(uri: impl Into<String>, state: S, handler: F) -> Self
    where
        S: Clone + Send + Sync + 'static,
        O: IntoContents,
        F: Fn(S, Context) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<O, ToolError>> + Send + 'static,
    {
        Self::new(uri, move |cx| handler(state.clone(), cx))
    }

    /// How many bytes it has, before any encoding, for clients that think of what they read.
    ///
    /// ```
    /// use fastestmcp_core::component::Resource;
    ///
    /// assert_eq!(Resource::new("a:b", async |_cx| Ok("four")).size(4).bytes(), Some(4));
    /// ```
    #[must_use]
    pub const fn size(mut self, bytes: u64) -> Self {
        self.size = Some(bytes);
        self
    }

    /// What clients read it by.
    pub fn uri(&self) -> &str {
        &self.uri
    }

    /// How many bytes it says it has.
    pub const fn bytes(&self) -> Option<u64> {
        self.size
    }
}

impl Component for Resource {
    type Output = Vec<ResourceContents>;

    fn description(&self) -> &Description {
        &self.description
    }

    fn id(&self) -> &str {
        &self.uri
    }

    fn prepare(&self, _: &Value) -> Result<Prepared<Self::Output>, ToolError> {
        Ok((self.prepare)(self.uri.clone(), self.mime_type.clone()))
    }

    fn told(text: String) -> Result<Self::Output, RpcError> {
        Err(refusal::failed(text))
    }
}
