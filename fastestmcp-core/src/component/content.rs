use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{Annotations, Role};
use crate::time::is_rfc3339;

/// A block of a tool's result or of a prompt's message, as MCP spells it. Binary data is base64 text; the constructors take bytes.
///
/// ```
/// use fastestmcp_core::component::{Content, ToolOutput};
///
/// let picture = Content::image([0x89, b'P', b'N', b'G'], "image/png");
/// let log = Content::resource_text("file:///build.log", "text/plain", "all good");
/// let output = ToolOutput::blocks(vec![Content::text("Built."), picture, log]);
/// assert_eq!(output.content.len(), 3);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Content {
    /// Text.
    Text {
        /// The text.
        text: String,
        /// What clients may make of it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        annotations: Option<Box<Annotations>>,
        /// Protocol metadata.
        #[serde(rename = "_meta", default, skip_serializing_if = "Option::is_none")]
        meta: Option<Map<String, Value>>,
    },
    /// A picture.
    #[serde(rename_all = "camelCase")]
    Image {
        /// Base64.
        data: String,
        /// For instance `image/png`.
        mime_type: String,
        /// What clients may make of it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        annotations: Option<Box<Annotations>>,
        /// Protocol metadata.
        #[serde(rename = "_meta", default, skip_serializing_if = "Option::is_none")]
        meta: Option<Map<String, Value>>,
    },
    /// A sound.
    #[serde(rename_all = "camelCase")]
    Audio {
        /// Base64.
        data: String,
        /// For instance `audio/wav`.
        mime_type: String,
        /// What clients may make of it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        annotations: Option<Box<Annotations>>,
        /// Protocol metadata.
        #[serde(rename = "_meta", default, skip_serializing_if = "Option::is_none")]
        meta: Option<Map<String, Value>>,
    },
    /// A resource, embedded.
    Resource {
        /// Its contents.
        resource: ResourceContents,
        /// What clients may make of it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        annotations: Option<Box<Annotations>>,
        /// Protocol metadata.
        #[serde(rename = "_meta", default, skip_serializing_if = "Option::is_none")]
        meta: Option<Map<String, Value>>,
    },
    /// A resource, by its URI. Fields as MCP's `ResourceLink` has them.
    ResourceLink {
        /// The link.
        #[serde(flatten)]
        link: Value,
    },
}

impl Content {
    /// A block of text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text { text: text.into(), annotations: None, meta: None }
    }

    /// A picture, for instance `image/png`.
    pub fn image(bytes: impl AsRef<[u8]>, mime_type: impl Into<String>) -> Self {
        Self::Image { data: STANDARD.encode(bytes), mime_type: mime_type.into(), annotations: None, meta: None }
    }

    /// A sound, for instance `audio/wav`.
    pub fn audio(bytes: impl AsRef<[u8]>, mime_type: impl Into<String>) -> Self {
        Self::Audio { data: STANDARD.encode(bytes), mime_type: mime_type.into(), annotations: None, meta: None }
    }

    /// A resource of text, embedded.
    pub fn resource_text(uri: impl Into<String>, mime_type: impl Into<String>, text: impl Into<String>) -> Self {
        Self::embedded(ResourceContents::text(uri, mime_type, text))
    }

    /// A resource of bytes, embedded.
    pub fn resource_bytes(uri: impl Into<String>, mime_type: impl Into<String>, bytes: impl AsRef<[u8]>) -> Self {
        Self::embedded(ResourceContents::bytes(uri, mime_type, bytes))
    }

    /// A resource, embedded.
    ///
    /// ```
    /// use fastestmcp_core::component::{Content, ResourceContents};
    ///
    /// let page = ResourceContents::text("docs://a", "text/html", "<h1>A").meta("example.com/prefers", "inline");
    /// let block = Content::embedded(page);
    /// # assert_eq!(block.as_text(), None);
    /// ```
    pub const fn embedded(resource: ResourceContents) -> Self {
        Self::Resource { resource, annotations: None, meta: None }
    }

    /// A resource by its URI, under a name; what else MCP's `ResourceLink` has can be given by
    /// [`Content::ResourceLink`].
    pub fn link(uri: impl Into<String>, name: impl Into<String>) -> Self {
        Self::ResourceLink { link: json!({ "uri": uri.into(), "name": name.into() }) }
    }

    /// Whom it is for.
    ///
    /// ```
    /// use fastestmcp_core::component::{Content, Role};
    ///
    /// let told = Content::text("3 rows").audience([Role::Assistant]).priority(0.2);
    /// # assert_eq!(told.as_text(), Some("3 rows"));
    /// ```
    #[must_use]
    pub fn audience(self, audience: impl IntoIterator<Item = Role>) -> Self {
        self.annotate(|annotations| annotations.audience.extend(audience))
    }

    /// How important it is, from 0 to 1; what is beyond is taken for the nearest, and what is no number for 0.
    ///
    /// ```
    /// use fastestmcp_core::component::Content;
    ///
    /// let first = Content::text("It is sold out.").priority(1.0);
    /// # assert_eq!(first, Content::text("It is sold out.").priority(7.0));
    /// ```
    #[must_use]
    pub fn priority(self, priority: f32) -> Self {
        let priority = if priority.is_nan() { 0.0 } else { priority.clamp(0.0, 1.0) };
        self.annotate(|annotations| annotations.priority = Some(priority))
    }

    /// When it was changed, in ISO 8601 as RFC 3339 has it: `2026-11-01T12:00:00Z`. What is no such time is left out, or clients
    /// would refuse the whole result.
    ///
    /// ```
    /// use fastestmcp_core::component::Content;
    ///
    /// let dated = Content::text("3 rows").last_modified("2026-11-01T12:00:00Z");
    /// assert_eq!(dated, dated.clone().last_modified("yesterday"));
    /// ```
    #[must_use]
    pub fn last_modified(self, time: impl Into<String>) -> Self {
        let time = time.into();
        if !is_rfc3339(&time) {
            tracing::warn!("content was last modified at what is no time");
            return self;
        }
        self.annotate(|annotations| annotations.last_modified = Some(time))
    }

    /// Adds a field to its protocol metadata, `_meta`.
    ///
    /// ```
    /// use fastestmcp_core::component::Content;
    ///
    /// let shown = Content::text("<b>3 rows</b>").meta("example.com/format", "html");
    /// # assert_eq!(shown.as_text(), Some("<b>3 rows</b>"));
    /// ```
    #[must_use]
    pub fn meta(mut self, key: impl Into<String>, value: impl Into<Value>) -> Self {
        match &mut self {
            Self::Text { meta, .. }
            | Self::Image { meta, .. }
            | Self::Audio { meta, .. }
            | Self::Resource { meta, .. } => {
                meta.get_or_insert_default().insert(key.into(), value.into());
            }
            Self::ResourceLink { link } => {
                if let Some(meta) = part(link, "_meta") {
                    meta.insert(key.into(), value.into());
                }
            }
        }
        self
    }

    fn annotate(mut self, change: impl FnOnce(&mut Annotations)) -> Self {
        match &mut self {
            Self::Text { annotations, .. }
            | Self::Image { annotations, .. }
            | Self::Audio { annotations, .. }
            | Self::Resource { annotations, .. } => change(annotations.get_or_insert_default()),
            Self::ResourceLink { link } => {
                if let Some(written) = part(link, "annotations") {
                    let mut annotations = Annotations::deserialize(&*written).unwrap_or_default();
                    change(&mut annotations);
                    written.extend(json!(annotations).as_object().cloned().unwrap_or_default());
                }
            }
        }
        self
    }

    /// The text, if it is a block of text.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text { text, .. } => Some(text),
            _ => None,
        }
    }
}

/// An object within a link, which is made if it is not there; `None` if the author made the link of something else.
fn part<'l>(link: &'l mut Value, name: &str) -> Option<&'l mut Map<String, Value>> {
    link.as_object_mut()?.entry(name).or_insert_with(|| json!({})).as_object_mut()
}

impl From<String> for Content {
    fn from(text: String) -> Self {
        Self::text(text)
    }
}

impl From<&str> for Content {
    fn from(text: &str) -> Self {
        Self::text(text)
    }
}

/// The contents of a resource: text or a base64 blob.
///
/// ```
/// use fastestmcp_core::component::ResourceContents;
///
/// let page = ResourceContents::text("docs://a", "text/markdown", "# A");
/// let picture = ResourceContents::bytes("docs://a.png", "image/png", [0x89, b'P']);
/// assert!(page.blob.is_none() && picture.text.is_none());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ResourceContents {
    /// Its URI.
    pub uri: String,
    /// For instance `text/plain`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mime_type: Option<String>,
    /// The text, if it is text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Base64, if it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blob: Option<String>,
    /// Protocol metadata.
    #[serde(rename = "_meta", default, skip_serializing_if = "Option::is_none")]
    pub meta: Option<Map<String, Value>>,
}

impl ResourceContents {
    /// Text.
    pub fn text(uri: impl Into<String>, mime_type: impl Into<String>, text: impl Into<String>) -> Self {
        Self { text: Some(text.into()), ..Self::empty(uri, mime_type) }
    }

    /// Bytes.
    pub fn bytes(uri: impl Into<String>, mime_type: impl Into<String>, bytes: impl AsRef<[u8]>) -> Self {
        Self { blob: Some(STANDARD.encode(bytes)), ..Self::empty(uri, mime_type) }
    }

    fn empty(uri: impl Into<String>, mime_type: impl Into<String>) -> Self {
        Self { uri: uri.into(), mime_type: Some(mime_type.into()), text: None, blob: None, meta: None }
    }

    /// Adds a field to its protocol metadata, `_meta`.
    ///
    /// ```
    /// use fastestmcp_core::component::ResourceContents;
    ///
    /// let page = ResourceContents::text("docs://a", "text/html", "<h1>A").meta("example.com/prefers", "inline");
    /// assert_eq!(page.meta.unwrap()["example.com/prefers"], "inline");
    /// ```
    #[must_use]
    pub fn meta(mut self, key: impl Into<String>, value: impl Into<Value>) -> Self {
        self.meta.get_or_insert_default().insert(key.into(), value.into());
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_spelled_as_mcp_has_them() {
        let cases = [
            (Content::text("a"), json!({"type": "text", "text": "a"})),
            (Content::image([0xff, 0], "image/png"), json!({"type": "image", "data": "/wA=", "mimeType": "image/png"})),
            (Content::audio(*b"hi", "audio/wav"), json!({"type": "audio", "data": "aGk=", "mimeType": "audio/wav"})),
            (
                Content::resource_text("a:b", "text/plain", "c"),
                json!({"type": "resource", "resource": {"uri": "a:b", "mimeType": "text/plain", "text": "c"}}),
            ),
            (
                Content::resource_bytes("a:b", "a/b", vec![0_u8]),
                json!({"type": "resource", "resource": {"uri": "a:b", "mimeType": "a/b", "blob": "AA=="}}),
            ),
            (Content::link("a:b", "c"), json!({"type": "resource_link", "uri": "a:b", "name": "c"})),
            (
                Content::text("a").audience([Role::User]).audience([Role::Assistant]).priority(0.5).meta("k", 1),
                json!({"type": "text", "text": "a", "annotations": {"audience": ["user", "assistant"], "priority": 0.5},
                       "_meta": {"k": 1}}),
            ),
            (
                Content::link("a:b", "c")
                    .last_modified("2026-11-01T12:00:00Z")
                    .last_modified("now")
                    .priority(7.0)
                    .meta("k", "v"),
                json!({"type": "resource_link", "uri": "a:b", "name": "c", "_meta": {"k": "v"},
                       "annotations": {"lastModified": "2026-11-01T12:00:00Z", "priority": 1.0}}),
            ),
            (
                Content::embedded(ResourceContents::text("a:b", "text/plain", "c").meta("k", [1])).priority(f32::NAN),
                json!({"type": "resource", "annotations": {"priority": 0.0},
                       "resource": {"uri": "a:b", "mimeType": "text/plain", "text": "c", "_meta": {"k": [1]}}}),
            ),
        ];
        for (content, json) in cases {
            assert_eq!(serde_json::to_value(&content).unwrap(), json);
            assert_eq!(serde_json::from_value::<Content>(json).unwrap(), content);
        }
    }

    #[test]
    fn a_link_that_is_no_object_stays_what_it_is() {
        for link in [json!(null), json!([]), json!({"_meta": 7, "annotations": []})] {
            let content = Content::ResourceLink { link: link.clone() }.meta("k", 1).priority(1.0);
            assert_eq!(content, Content::ResourceLink { link });
        }
    }
}
