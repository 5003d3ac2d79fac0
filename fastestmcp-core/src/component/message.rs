use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Content;
use crate::context::ToolError;

/// Who says something, or for whom it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// The user.
    User,
    /// The model.
    Assistant,
}

/// A message of a prompt.
///
/// ```
/// use fastestmcp_core::component::{Content, PromptMessage, Role};
///
/// let asked = PromptMessage::user("What is this?");
/// let shown = PromptMessage::user(Content::image(b"...", "image/png"));
/// assert_eq!((asked.role, shown.role), (Role::User, Role::User));
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PromptMessage {
    /// Who says it.
    pub role: Role,
    /// What is said.
    pub content: Content,
}

impl PromptMessage {
    /// What the user says: text, or [`Content`].
    pub fn user(content: impl Into<Content>) -> Self {
        Self { role: Role::User, content: content.into() }
    }

    /// What the model says: text, or [`Content`].
    pub fn assistant(content: impl Into<Content>) -> Self {
        Self { role: Role::Assistant, content: content.into() }
    }
}

/// What a prompt comes to, as MCP's `GetPromptResult`.
///
/// ```
/// use fastestmcp_core::component::{PromptMessage, PromptOutput};
///
/// let output = PromptOutput::new(vec![PromptMessage::user("Review this.")]).description("A review of one file");
/// assert_eq!(output.messages.len(), 1);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PromptOutput {
    /// What it is, where that differs from what the prompt says of itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// What is said.
    pub messages: Vec<PromptMessage>,
    /// Protocol metadata.
    #[serde(rename = "_meta", default, skip_serializing_if = "Option::is_none")]
    pub meta: Option<Map<String, Value>>,
}

impl PromptOutput {
    /// These messages.
    pub const fn new(messages: Vec<PromptMessage>) -> Self {
        Self { description: None, messages, meta: None }
    }

    /// The same with a description of its own.
    #[must_use]
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.description = Some(description.into());
        self
    }
}

/// What the handler of a prompt may return: a text that the user says, a [`PromptMessage`] or several, or a whole
/// [`PromptOutput`].
///
/// ```
/// use fastestmcp_core::component::{IntoPrompt, PromptMessage, PromptOutput};
/// use fastestmcp_core::context::ToolError;
///
/// struct Code(String);
///
/// impl IntoPrompt for Code {
///     fn into_prompt(self) -> Result<PromptOutput, ToolError> {
///         Ok(PromptOutput::new(vec![PromptMessage::user(format!("```\n{}\n```", self.0))]))
///     }
/// }
/// ```
pub trait IntoPrompt: Send + 'static {
    /// The messages.
    ///
    /// # Errors
    /// A value that does not serialize.
    fn into_prompt(self) -> Result<PromptOutput, ToolError>;
}

impl IntoPrompt for PromptOutput {
    fn into_prompt(self) -> Result<PromptOutput, ToolError> {
        Ok(self)
    }
}

impl IntoPrompt for Vec<PromptMessage> {
    fn into_prompt(self) -> Result<PromptOutput, ToolError> {
        Ok(PromptOutput::new(self))
    }
}

impl IntoPrompt for PromptMessage {
    fn into_prompt(self) -> Result<PromptOutput, ToolError> {
        vec![self].into_prompt()
    }
}

impl IntoPrompt for String {
    fn into_prompt(self) -> Result<PromptOutput, ToolError> {
        PromptMessage::user(self).into_prompt()
    }
}

impl IntoPrompt for &'static str {
    fn into_prompt(self) -> Result<PromptOutput, ToolError> {
        PromptMessage::user(self).into_prompt()
    }
}
