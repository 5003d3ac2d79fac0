use serde_json::{Map, Value};

use super::Tool;
use crate::ids::MAX_ID_BYTES;
use crate::json::is_deeper;
use crate::limits::{Refused, check_line, check_text};

/// The longest name that MCP allows.
const LONGEST_NAME: usize = 128;
/// Bytes of a title at most.
const LONGEST_TITLE: usize = 512;
/// Bytes of a description at most: models read all of them.
const LONGEST_DESCRIPTION: usize = 64 << 10;
/// Bytes of a schema at most.
const LARGEST_SCHEMA: usize = 1 << 20;
/// How deep a schema may be nested; parsers give up somewhat above 100.
const DEEPEST_SCHEMA: usize = 64;

/// Why a tool cannot be shown to clients.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidTool {
    /// Its name is none that MCP allows.
    #[error("a tool cannot be named {0:?}: a name is 1 to 128 of A-Z, a-z, 0-9, _, - and .")]
    Name(String),
    /// Its title, description or queue.
    #[error("tool {tool:?}: {refused}")]
    Text {
        /// The tool.
        tool: String,
        /// What is wrong.
        refused: Refused,
    },
    /// Its input or output schema.
    #[error("the {which} schema of tool {tool:?} {reason}")]
    Schema {
        /// The tool.
        tool: String,
        /// `input` or `output`.
        which: &'static str,
        /// What is wrong with it.
        reason: String,
    },
}

impl Tool {
    /// Checks what clients will be shown of it.
    pub(crate) fn check(&self) -> Result<(), InvalidTool> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
        if self.description.name.is_empty()
            || self.description.name.len() > LONGEST_NAME
            || !self.description.name.chars().all(allowed)
        {
            return Err(InvalidTool::Name(self.description.name.chars().take(LONGEST_NAME).collect()));
        }
        self.check_texts().map_err(|refused| InvalidTool::Text { tool: self.description.name.clone(), refused })?;
        let schema = |which, reason| InvalidTool::Schema { tool: self.description.name.clone(), which, reason };
        check_schema(&self.input_schema).map_err(|reason| schema("input", reason))?;
        if self.input_schema.get("type").is_none_or(|name| name != "object") {
            let reason = "does not describe an object: take a struct, a map, an enum of structs, or ()".to_owned();
            return Err(schema("input", reason));
        }
        match &self.output_schema {
            Some(output) => check_schema(output).map_err(|reason| schema("output", reason)),
            None => Ok(()),
        }
    }

    fn check_texts(&self) -> Result<(), Refused> {
        if let Some(title) = &self.description.title {
            check_line("its title", title, LONGEST_TITLE)?;
        }
        if let Some(description) = &self.description.description {
            check_text("its description", description, LONGEST_DESCRIPTION)?;
        }
        check_line("its queue", &self.task.queue, MAX_ID_BYTES)
    }
}

/// Checks what the official client refuses a whole list for, and what no client can read.
fn check_schema(schema: &Map<String, Value>) -> Result<(), String> {
    if schema.values().any(|value| is_deeper(value, DEEPEST_SCHEMA)) {
        return Err(format!("is nested deeper than {DEEPEST_SCHEMA}"));
    }
    let bytes = serde_json::to_vec(schema).map_or(usize::MAX, |bytes| bytes.len());
    if bytes > LARGEST_SCHEMA {
        return Err(format!("has {bytes} bytes, and at most {LARGEST_SCHEMA} are allowed"));
    }
    match schema.get("properties") {
        None => {}
        Some(Value::Object(properties)) => {
            if let Some((name, schema)) = properties.iter().find(|(_, schema)| !schema.is_object()) {
                return Err(format!("describes property {name:?} by {schema}, which is no object"));
            }
        }
        Some(_) => return Err("has properties that are no object".to_owned()),
    }
    match schema.get("required") {
        None => Ok(()),
        Some(Value::Array(names)) if names.iter().all(Value::is_string) => Ok(()),
        Some(_) => Err("requires what is no list of names".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::component::{NoArgs, TaskPolicy};

    fn tool(name: &str) -> Tool {
        Tool::new(name, async |_cx, _: NoArgs| Ok("x"))
    }

    fn object(value: Value) -> Map<String, Value> {
        value.as_object().cloned().unwrap()
    }

    #[test]
    fn names_are_those_of_mcp() {
        for good in ["a", "get_user.v2-B", &"x".repeat(128)] {
            assert_eq!(tool(good).check(), Ok(()));
        }
        for bad in ["", " ", "a b", "a\n", "a\0", "ä", "a/b", "\u{202e}a", &"x".repeat(129), &"x".repeat(1 << 20)] {
            let error = tool(bad).check().unwrap_err();
            assert!(matches!(error, InvalidTool::Name(_)) && error.to_string().len() < 1_000, "{error}");
        }
    }

    #[test]
    fn absurd_texts_and_schemas_are_refused_with_the_tool_and_the_reason() {
        let deep = (0..200).fold(json!({}), |inner, _| json!({ "items": inner }));
        let absurd = [
            tool("t").title(""),
            tool("t").title("a\u{7}b"),
            tool("t").title("x".repeat(1_000)),
            tool("t").description("a\0b"),
            tool("t").description("x".repeat(1 << 20)),
            tool("t").task(TaskPolicy::optional().queue("")),
            tool("t").task(TaskPolicy::optional().queue("q".repeat(1_000))),
            Tool::new("t", async |_cx, _: String| Ok("x")),
            Tool::new("t", async |_cx, _: Value| Ok("x")),
            tool("t").input_schema(Map::new()),
            tool("t").input_schema(object(json!({"type": "array"}))),
            tool("t").input_schema(object(json!({"type": "object", "properties": []}))),
            tool("t").input_schema(object(json!({"type": "object", "properties": {"a": true}}))),
            tool("t").input_schema(object(json!({"type": "object", "required": "a"}))),
            tool("t").input_schema(object(json!({"type": "object", "properties": {"a": deep}}))),
            tool("t").input_schema(object(json!({"type": "object", "description": "x".repeat(2 << 20)}))),
            tool("t").output_schema(object(json!({"type": "object", "properties": {"a": false}}))),
        ];
        for tool in absurd {
            let error = tool.check().unwrap_err().to_string();
            assert!(error.contains("\"t\""), "{error}");
        }
        assert_eq!(tool("t").title("Été").description("a\n\tb").output_schema(Map::new()).check(), Ok(()));
    }
}
