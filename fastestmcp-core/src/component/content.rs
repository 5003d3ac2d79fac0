use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

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
    },
    /// A picture.
    #[serde(rename_all = "camelCase")]
    Image {
        /// Base64.
        data: String,
        /// For instance `image/png`.
        mime_type: String,
    },
    /// A sound.
    #[serde(rename_all = "camelCase")]
    Audio {
        /// Base64.
        data: String,
        /// For instance `audio/wav`.
        mime_type: String,
    },
    /// A resource, embedded.
    Resource {
        /// Its contents.
        resource: ResourceContents,
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
        Self::Text { text: text.into() }
    }

    /// A picture, for instance `image/png`.
    pub fn image(bytes: impl AsRef<[u8]>, mime_type: impl Into<String>) -> Self {
        Self::Image { data: STANDARD.encode(bytes), mime_type: mime_type.into() }
    }

    /// A sound, for instance `audio/wav`.
    pub fn audio(bytes: impl AsRef<[u8]>, mime_type: impl Into<String>) -> Self {
        Self::Audio { data: STANDARD.encode(bytes), mime_type: mime_type.into() }
    }

    /// A resource of text, embedded.
    pub fn resource_text(uri: impl Into<String>, mime_type: impl Into<String>, text: impl Into<String>) -> Self {
        Self::Resource { resource: ResourceContents::text(uri, mime_type, text) }
    }

    /// A resource of bytes, embedded.
    pub fn resource_bytes(uri: impl Into<String>, mime_type: impl Into<String>, bytes: impl AsRef<[u8]>) -> Self {
        Self::Resource { resource: ResourceContents::bytes(uri, mime_type, bytes) }
    }

    /// A resource by its URI, under a name; what else MCP's `ResourceLink` has can be given by
    /// [`Content::ResourceLink`].
    pub fn link(uri: impl Into<String>, name: impl Into<String>) -> Self {
        Self::ResourceLink { link: json!({ "uri": uri.into(), "name": name.into() }) }
    }

    /// The text, if it is a block of text.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text { text } => Some(text),
            _ => None,
        }
    }
}

impl From<String> for Content {
    fn from(text: String) -> Self {
        Self::Text { text }
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
}

impl ResourceContents {
    /// Text.
    pub fn text(uri: impl Into<String>, mime_type: impl Into<String>, text: impl Into<String>) -> Self {
        Self { uri: uri.into(), mime_type: Some(mime_type.into()), text: Some(text.into()), blob: None }
    }

    /// Bytes.
    pub fn bytes(uri: impl Into<String>, mime_type: impl Into<String>, bytes: impl AsRef<[u8]>) -> Self {
        let blob = Some(STANDARD.encode(bytes));
        Self { uri: uri.into(), mime_type: Some(mime_type.into()), text: None, blob }
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
        ];
        for (content, json) in cases {
            assert_eq!(serde_json::to_value(&content).unwrap(), json);
            assert_eq!(serde_json::from_value::<Content>(json).unwrap(), content);
        }
    }
}
