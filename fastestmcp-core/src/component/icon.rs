/// A picture that clients may show beside a component, from 2025-11-25 on.
///
/// ```
/// use fastestmcp_core::component::{Icon, IconTheme};
///
/// let icon = Icon::new("https://example.com/icon.svg").mime("image/svg+xml").size("any").theme(IconTheme::Dark);
/// assert_eq!(icon.sizes, ["any"]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Icon {
    /// Its URI: `https:` or `data:`.
    pub src: String,
    /// For instance `image/png`.
    pub mime_type: Option<String>,
    /// For instance `48x48`, or `any`.
    pub sizes: Vec<String>,
    /// What it is drawn for; anything if this is absent.
    pub theme: Option<IconTheme>,
}

/// What an icon is drawn for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IconTheme {
    /// A light background.
    Light,
    /// A dark background.
    Dark,
}

impl Icon {
    /// The picture at a URI.
    pub fn new(src: impl Into<String>) -> Self {
        Self { src: src.into(), mime_type: None, sizes: Vec::new(), theme: None }
    }

    /// Its type, where the server that has it does not say.
    #[must_use]
    pub fn mime(mut self, mime_type: impl Into<String>) -> Self {
        self.mime_type = Some(mime_type.into());
        self
    }

    /// Adds a size that it is good for.
    #[must_use]
    pub fn size(mut self, size: impl Into<String>) -> Self {
        self.sizes.push(size.into());
        self
    }

    /// What it is drawn for.
    #[must_use]
    pub const fn theme(mut self, theme: IconTheme) -> Self {
        self.theme = Some(theme);
        self
    }
}
