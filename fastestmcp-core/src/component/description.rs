use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Icon;
use super::message::Role;

/// What a component of any kind says of itself, and how long it may take.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Description {
    /// The name that clients know it by; a resource is known by its URI, and has this for people.
    pub name: String,
    /// For people.
    pub title: Option<String>,
    /// For the model.
    pub description: Option<String>,
    /// Pictures of it.
    pub icons: Vec<Icon>,
    /// What clients may make of it. MCP has these of resources and templates.
    pub annotations: Annotations,
    /// Words of the server's own, for its rules of what is shown. Clients do not see them.
    pub tags: Vec<String>,
    /// Not shown unless a rule says so.
    pub is_hidden: bool,
    /// Protocol metadata.
    pub meta: Map<String, Value>,
    /// How long a plain call of it may take, if not as long as any.
    pub timeout: Option<Duration>,
}

/// What clients may make of a resource, or of a block of content.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Annotations {
    /// Whom it is for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub audience: Vec<Role>,
    /// 0 for least, 1 for most important.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<f32>,
    /// When it was changed, in ISO 8601.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_modified: Option<String>,
}

impl Description {
    pub(super) fn named(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }
}

/// The setters that components of every kind have. Each is shown on `$example`.
macro_rules! described {
    ($kind:ident, $example:literal) => {
        impl $kind {
            /// For people.
            ///
            /// ```
            /// use fastestmcp_core::component::*;
            ///
            #[doc = concat!("let shown = ", $example, ".title(\"Été\");")]
            /// assert_eq!(shown.about().title.as_deref(), Some("Été"));
            /// ```
            #[must_use]
            pub fn title(mut self, title: impl Into<String>) -> Self {
                self.description.title = Some(title.into());
                self
            }

            /// For the model.
            ///
            /// ```
            /// use fastestmcp_core::component::*;
            ///
            #[doc = concat!("let shown = ", $example, ".description(\"What it is good for.\");")]
            /// assert_eq!(shown.about().description.as_deref(), Some("What it is good for."));
            /// ```
            #[must_use]
            pub fn description(mut self, description: impl Into<String>) -> Self {
                self.description.description = Some(description.into());
                self
            }

            /// Adds a picture.
            ///
            /// ```
            /// use fastestmcp_core::component::*;
            ///
            #[doc = concat!("let shown = ", $example, ".icon(Icon::new(\"https://example.com/icon.png\"));")]
            /// assert_eq!(shown.about().icons.len(), 1);
            /// ```
            #[must_use]
            pub fn icon(mut self, icon: Icon) -> Self {
                self.description.icons.push(icon);
                self
            }

            /// Adds words of the server's own, for its rules of what is shown. Clients do not see them.
            ///
            /// ```
            /// use fastestmcp_core::component::*;
            ///
            #[doc = concat!("let tagged = ", $example, ".tags([\"admin\"]);")]
            /// assert_eq!(tagged.about().tags, ["admin"]);
            /// ```
            #[must_use]
            pub fn tags(mut self, tags: impl IntoIterator<Item = impl Into<String>>) -> Self {
                self.description.tags.extend(tags.into_iter().map(Into::into));
                self
            }

            /// Hides it until it is [shown](crate::context::Context::show) to a session or a principal, or to all by a rule of the
            /// server. Hidden is as absent.
            ///
            /// ```
            /// use fastestmcp_core::component::*;
            ///
            #[doc = concat!("let hidden = ", $example, ".tags([\"admin\"]).hidden();")]
            /// assert!(hidden.about().is_hidden);
            /// ```
            #[must_use]
            pub const fn hidden(mut self) -> Self {
                self.description.is_hidden = true;
                self
            }

            /// Adds a field to its protocol metadata, `_meta`.
            ///
            /// ```
            /// use fastestmcp_core::component::*;
            ///
            #[doc = concat!("let shown = ", $example, ".meta(\"example.com/owner\", \"ada\");")]
            /// assert_eq!(shown.about().meta["example.com/owner"], "ada");
            /// ```
            #[must_use]
            pub fn meta(mut self, key: impl Into<String>, value: impl Into<serde_json::Value>) -> Self {
                self.description.meta.insert(key.into(), value.into());
                self
            }

            /// How long a plain call of it may take, waiting for the client's input not counted; 60 s unless told otherwise.
            ///
            /// ```
            /// use std::time::Duration;
            ///
            /// use fastestmcp_core::component::*;
            ///
            #[doc = concat!("let quick = ", $example, ".timeout(Duration::from_secs(5));")]
            /// assert_eq!(quick.about().timeout, Some(Duration::from_secs(5)));
            /// ```
            #[must_use]
            pub const fn timeout(mut self, timeout: std::time::Duration) -> Self {
                self.description.timeout = Some(timeout);
                self
            }

            /// All that it says of itself.
            pub const fn about(&self) -> &Description {
                &self.description
            }
        }
    };
}
pub(super) use described;

/// The setters that resources and templates have on top of those.
macro_rules! annotated {
    ($kind:ident, $example:literal) => {
        impl $kind {
            /// What people and programs call it; its URI unless told otherwise. It need not be the only one of that name.
            ///
            /// ```
            /// use fastestmcp_core::component::*;
            ///
            #[doc = concat!("let named = ", $example, ".name(\"config\");")]
            /// assert_eq!(named.about().name, "config");
            /// ```
            #[must_use]
            pub fn name(mut self, name: impl Into<String>) -> Self {
                self.description.name = name.into();
                self
            }

            /// Its type; that of what its handler returns unless told otherwise.
            ///
            /// ```
            /// use fastestmcp_core::component::*;
            ///
            #[doc = concat!("let typed = ", $example, ".mime(\"text/markdown\");")]
            /// assert_eq!(typed.mime_type(), Some("text/markdown"));
            /// ```
            #[must_use]
            pub fn mime(mut self, mime_type: impl Into<String>) -> Self {
                self.mime_type = Some(mime_type.into());
                self
            }

            /// How long clients of 2026-07-28 may keep what they have read; not at all unless told otherwise. Each keeps it for
            /// itself, unless it is [the same for all](Self::same_for_all).
            ///
            /// ```
            /// use std::time::Duration;
            ///
            /// use fastestmcp_core::component::*;
            ///
            #[doc = concat!("let kept = ", $example, ".cache(Duration::from_secs(60));")]
            /// assert!(!kept.caching().shared);
            /// ```
            #[must_use]
            pub const fn cache(mut self, fresh: std::time::Duration) -> Self {
                self.caching.fresh = fresh;
                self
            }

            /// What is read does not depend on who reads it: whatever is between the client and the server may keep it for all.
            ///
            /// ```
            /// use std::time::Duration;
            ///
            /// use fastestmcp_core::component::*;
            ///
            #[doc = concat!("let kept = ", $example, ".cache(Duration::from_secs(60)).same_for_all();")]
            /// assert!(kept.caching().shared);
            /// ```
            #[must_use]
            pub const fn same_for_all(mut self) -> Self {
                self.caching.shared = true;
                self
            }

            /// Whom it is for.
            ///
            /// ```
            /// use fastestmcp_core::component::*;
            ///
            #[doc = concat!("let shown = ", $example, ".audience([Role::Assistant]);")]
            /// assert_eq!(shown.about().annotations.audience, [Role::Assistant]);
            /// ```
            #[must_use]
            pub fn audience(mut self, audience: impl IntoIterator<Item = Role>) -> Self {
                self.description.annotations.audience.extend(audience);
                self
            }

            /// How important it is, from 0 to 1.
            ///
            /// ```
            /// use fastestmcp_core::component::*;
            ///
            #[doc = concat!("let shown = ", $example, ".priority(0.5);")]
            /// assert_eq!(shown.about().annotations.priority, Some(0.5));
            /// ```
            #[must_use]
            pub const fn priority(mut self, priority: f32) -> Self {
                self.description.annotations.priority = Some(priority);
                self
            }

            /// When it was changed, in ISO 8601 as RFC 3339 has it.
            ///
            /// ```
            /// use fastestmcp_core::component::*;
            ///
            #[doc = concat!("let shown = ", $example, ".last_modified(\"2026-11-01T12:00:00Z\");")]
            /// assert!(shown.about().annotations.last_modified.is_some());
            /// ```
            #[must_use]
            pub fn last_modified(mut self, time: impl Into<String>) -> Self {
                self.description.annotations.last_modified = Some(time.into());
                self
            }

            /// The type that clients are told.
            pub fn mime_type(&self) -> Option<&str> {
                self.mime_type.as_deref()
            }

            /// How long what is read may be kept, and by whom.
            pub const fn caching(&self) -> Caching {
                self.caching
            }
        }
    };
}
pub(super) use annotated;
