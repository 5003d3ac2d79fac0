use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::content::Content;
use super::schema::result_schema_of;
use crate::context::ToolError;

/// The result of a tool, as MCP's `CallToolResult`.
///
/// ```
/// use fastestmcp_core::component::{Content, ToolOutput};
///
/// let output = ToolOutput::blocks(vec![Content::text("a picture:"), Content::image(b"...", "image/png")])
///     .structured(serde_json::json!({ "width": 3 }));
/// assert!(!output.is_error);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ToolOutput {
    /// What the model reads.
    #[serde(default)]
    pub content: Vec<Content>,
    /// What programs read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub structured_content: Option<Value>,
    /// It reports a failure.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_error: bool,
    /// Protocol metadata.
    #[serde(rename = "_meta", default, skip_serializing_if = "Option::is_none")]
    pub meta: Option<Map<String, Value>>,
}

impl ToolOutput {
    /// One block of text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::blocks(vec![Content::text(text)])
    }

    /// Several blocks.
    pub fn blocks(content: Vec<Content>) -> Self {
        Self { content, ..Self::default() }
    }

    /// The same with a structured result. Clients of 2025-11-25 and before are given only objects.
    #[must_use]
    pub fn structured(mut self, value: Value) -> Self {
        self.structured_content = Some(value);
        self
    }

    /// A failure that the model should read.
    pub fn error(text: impl Into<String>) -> Self {
        Self { is_error: true, ..Self::text(text) }
    }
}

/// What a handler may return: text, [`Json`], [`Content`] or several, a whole [`ToolOutput`], or nothing.
///
/// ```
/// use fastestmcp_core::component::{IntoOutput, ToolOutput};
/// use fastestmcp_core::context::ToolError;
///
/// struct Celsius(f64);
///
/// impl IntoOutput for Celsius {
///     fn into_output(self) -> Result<ToolOutput, ToolError> {
///         Ok(ToolOutput::text(format!("{} °C", self.0)))
///     }
/// }
/// ```
pub trait IntoOutput: Send + 'static {
    /// The result.
    ///
    /// # Errors
    /// A value that does not serialize.
    fn into_output(self) -> Result<ToolOutput, ToolError>;

    /// The schema of the structured result, if there is one.
    fn output_schema() -> Option<Map<String, Value>> {
        None
    }
}

impl IntoOutput for ToolOutput {
    fn into_output(self) -> Result<ToolOutput, ToolError> {
        Ok(self)
    }
}

impl IntoOutput for String {
    fn into_output(self) -> Result<ToolOutput, ToolError> {
        Ok(ToolOutput::text(self))
    }
}

impl IntoOutput for &'static str {
    fn into_output(self) -> Result<ToolOutput, ToolError> {
        Ok(ToolOutput::text(self))
    }
}

impl IntoOutput for () {
    fn into_output(self) -> Result<ToolOutput, ToolError> {
        Ok(ToolOutput::default())
    }
}

impl IntoOutput for Content {
    fn into_output(self) -> Result<ToolOutput, ToolError> {
        Ok(ToolOutput::blocks(vec![self]))
    }
}

impl IntoOutput for Vec<Content> {
    fn into_output(self) -> Result<ToolOutput, ToolError> {
        Ok(ToolOutput::blocks(self))
    }
}

/// A structured result: `structuredContent`, its schema, and the same as text for clients that read only that.
///
/// Clients of 2025-11-25 and before know only objects: they are given any other value as text alone.
///
/// ```
/// use fastestmcp_core::context::Context;
/// use fastestmcp_core::component::{Json, NoArgs, Tool};
/// use schemars::JsonSchema;
/// use serde::Serialize;
///
/// #[derive(Serialize, JsonSchema)]
/// struct Weather {
///     celsius: f64,
/// }
/// let tool = Tool::new("weather", async |_: Context, _: NoArgs| Ok(Json(Weather { celsius: 21.0 })));
/// assert_eq!(tool.result_schema().map(|schema| &schema["required"][0]), Some(&"celsius".into()));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Json<T>(pub T);

impl<T: Serialize + JsonSchema + Send + 'static> IntoOutput for Json<T> {
    fn into_output(self) -> Result<ToolOutput, ToolError> {
        let value = serde_json::to_value(self.0)?;
        Ok(ToolOutput { structured_content: Some(value.clone()), ..ToolOutput::text(value.to_string()) })
    }

    fn output_schema() -> Option<Map<String, Value>> {
        Some(result_schema_of::<T>())
    }
}
