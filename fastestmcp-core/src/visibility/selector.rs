use serde::{Deserialize, Serialize};

/// A kind of component.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ComponentKind {
    /// A tool.
    Tool,
    /// A resource.
    Resource,
    /// A template of resources.
    ResourceTemplate,
    /// A prompt.
    Prompt,
}

/// Which components are meant: those that fit everything it says. A text stands for a tag.
///
/// ```
/// use fastestmcp_core::visibility::{ComponentKind, Selector};
///
/// let admin = Selector::tag("admin");
/// assert_eq!(admin, "admin".into());
/// let one_tool = Selector::name("refund").of_kind(ComponentKind::Tool);
/// let all_prompts = Selector::all().of_kind(ComponentKind::Prompt);
/// # let _ = (one_tool, all_prompts);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Selector {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    kind: Option<ComponentKind>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tag: Option<String>,
}

impl Selector {
    /// All components.
    pub const fn all() -> Self {
        Self { kind: None, name: None, tag: None }
    }

    /// Those that have this tag.
    pub fn tag(tag: impl Into<String>) -> Self {
        Self { tag: Some(tag.into()), ..Self::all() }
    }

    /// Those of this name. A resource and a template are known by their URI as well.
    pub fn name(name: impl Into<String>) -> Self {
        Self { name: Some(name.into()), ..Self::all() }
    }

    /// Of those, the ones of this kind.
    #[must_use]
    pub const fn of_kind(mut self, kind: ComponentKind) -> Self {
        self.kind = Some(kind);
        self
    }

    /// Of those, the ones that have this tag.
    #[must_use]
    pub fn tagged(mut self, tag: impl Into<String>) -> Self {
        self.tag = Some(tag.into());
        self
    }

    pub(super) fn texts(&self) -> impl Iterator<Item = &str> {
        self.name.iter().chain(&self.tag).map(String::as_str)
    }

    pub(super) fn fits(&self, subject: &Subject<'_>) -> bool {
        self.kind.is_none_or(|kind| kind == subject.kind)
            && self.name.as_ref().is_none_or(|name| subject.id == name || subject.name == name)
            && self.tag.as_ref().is_none_or(|tag| subject.tags.contains(tag))
    }
}

impl From<&str> for Selector {
    fn from(tag: &str) -> Self {
        Self::tag(tag)
    }
}

/// A component, as far as rules look at it.
pub(crate) struct Subject<'c> {
    pub(crate) kind: ComponentKind,
    pub(crate) id: &'c str,
    pub(crate) name: &'c str,
    pub(crate) tags: &'c [String],
}
