use std::time::Duration;

use bytes::Bytes;
use serde::Serialize;

use super::{Json, ResourceContents, refusal};
use crate::context::{Failure, ToolError};

const TEXT: &str = "text/plain";
const JSON: &str = "application/json";
const BYTES: &str = "application/octet-stream";

/// What reading a resource came to.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ResourceOutput {
    /// What it holds; several if it stands for several.
    pub contents: Vec<ResourceContents>,
    /// How long it may be kept, and by whom.
    pub caching: Caching,
}

/// How long what was read may be kept, and by whom.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Caching {
    /// How long.
    pub fresh: Duration,
    /// By anybody for everybody, and not only by who asked.
    pub shared: bool,
}

impl ResourceOutput {
    pub(crate) const fn new(contents: Vec<ResourceContents>, caching: Caching) -> Self {
        Self { contents, caching }
    }
}

/// What the handler of a resource may return: text, [`Json`], bytes, [`ResourceContents`] or several, or an [`Option`] of
/// these, where `None` means that there is no such resource.
///
/// ```
/// use fastestmcp_core::component::{IntoContents, ResourceContents};
/// use fastestmcp_core::context::ToolError;
///
/// struct Page(String);
///
/// impl IntoContents for Page {
///     fn into_contents(self, uri: &str, mime_type: Option<&str>) -> Result<Vec<ResourceContents>, ToolError> {
///         Ok(vec![ResourceContents::text(uri, mime_type.unwrap_or("text/html"), self.0)])
///     }
/// }
/// ```
pub trait IntoContents: Send + 'static {
    /// The contents of the resource that was asked for by `uri`, of the type that its author gave it.
    ///
    /// # Errors
    /// A value that does not serialize, or there is no such resource.
    fn into_contents(self, uri: &str, mime_type: Option<&str>) -> Result<Vec<ResourceContents>, ToolError>;

    /// The type of such contents, if they are all of one.
    fn mime_type() -> Option<&'static str> {
        None
    }
}

impl IntoContents for String {
    fn into_contents(self, uri: &str, mime_type: Option<&str>) -> Result<Vec<ResourceContents>, ToolError> {
        Ok(vec![ResourceContents::text(uri, mime_type.unwrap_or(TEXT), self)])
    }

    fn mime_type() -> Option<&'static str> {
        Some(TEXT)
    }
}

impl IntoContents for &'static str {
    fn into_contents(self, uri: &str, mime_type: Option<&str>) -> Result<Vec<ResourceContents>, ToolError> {
        self.to_owned().into_contents(uri, mime_type)
    }

    fn mime_type() -> Option<&'static str> {
        Some(TEXT)
    }
}

impl<T: Serialize + Send + 'static> IntoContents for Json<T> {
    fn into_contents(self, uri: &str, mime_type: Option<&str>) -> Result<Vec<ResourceContents>, ToolError> {
        serde_json::to_string(&self.0)?.into_contents(uri, mime_type.or(Some(JSON)))
    }

    fn mime_type() -> Option<&'static str> {
        Some(JSON)
    }
}

impl IntoContents for Bytes {
    fn into_contents(self, uri: &str, mime_type: Option<&str>) -> Result<Vec<ResourceContents>, ToolError> {
        Ok(vec![ResourceContents::bytes(uri, mime_type.unwrap_or(BYTES), self)])
    }

    fn mime_type() -> Option<&'static str> {
        Some(BYTES)
    }
}

impl IntoContents for Vec<u8> {
    fn into_contents(self, uri: &str, mime_type: Option<&str>) -> Result<Vec<ResourceContents>, ToolError> {
        Bytes::from(self).into_contents(uri, mime_type)
    }

    fn mime_type() -> Option<&'static str> {
        Some(BYTES)
    }
}

impl IntoContents for ResourceContents {
    fn into_contents(self, _: &str, _: Option<&str>) -> Result<Vec<ResourceContents>, ToolError> {
        Ok(vec![self])
    }
}

impl IntoContents for Vec<ResourceContents> {
    fn into_contents(self, _: &str, _: Option<&str>) -> Result<Vec<ResourceContents>, ToolError> {
        Ok(self)
    }
}

impl<T: IntoContents> IntoContents for Option<T> {
    fn into_contents(self, uri: &str, mime_type: Option<&str>) -> Result<Vec<ResourceContents>, ToolError> {
        match self {
            Some(contents) => contents.into_contents(uri, mime_type),
            None => Err(ToolError(Failure::Rpc(refusal::not_found(uri)))),
        }
    }

    fn mime_type() -> Option<&'static str> {
        T::mime_type()
    }
}
