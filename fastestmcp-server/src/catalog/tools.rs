use std::collections::HashMap;
use std::sync::Arc;

use fastestmcp_core::component::{TaskSupport, Tool};
use fastestmcp_core::operation::ToolPage;
use rmcp::model::{ListToolsResult, Tool as WireTool, ToolAnnotations};
use serde_json::{Value, json};

use super::described::{icons, meta};

/// The tools as the wire shows them, in a stable order.
#[derive(Debug)]
pub(crate) struct Catalog {
    tools: Vec<WireTool>,
    /// By name: the position, and `execution` if there is something to say.
    by_name: HashMap<String, (usize, Option<&'static str>)>,
}

impl Catalog {
    pub(crate) fn new(tools: &[&Arc<Tool>]) -> Self {
        let by_name = tools
            .iter()
            .enumerate()
            .map(|(index, tool)| (tool.name().to_owned(), (index, support(tool.task_policy().support))))
            .collect();
        Self { tools: tools.iter().map(|tool| wire_tool(tool)).collect(), by_name }
    }

    /// One tool.
    pub(crate) fn get(&self, name: &str) -> Option<&WireTool> {
        self.by_name.get(name).and_then(|(index, _)| self.tools.get(*index))
    }

    /// A page of them.
    pub(crate) fn list(&self, page: &ToolPage) -> ListToolsResult {
        let mut list = ListToolsResult::default();
        list.next_cursor.clone_from(&page.next_cursor);
        list.tools = page.tools.iter().filter_map(|tool| self.get(tool.name()).cloned()).collect();
        list
    }

    /// The same list with `execution.taskSupport`, which the protocol layer has no type for (2025-11-25).
    pub(crate) fn with_execution(&self, list: &ListToolsResult) -> serde_json::Result<Value> {
        let mut list = serde_json::to_value(list)?;
        for tool in list.get_mut("tools").and_then(Value::as_array_mut).into_iter().flatten() {
            let support = tool.get("name").and_then(Value::as_str).and_then(|name| self.by_name.get(name)?.1);
            if let (Some(support), Some(tool)) = (support, tool.as_object_mut()) {
                tool.insert("execution".to_owned(), json!({ "taskSupport": support }));
            }
        }
        Ok(list)
    }
}

/// The word of the wire; absent means forbidden.
const fn support(support: TaskSupport) -> Option<&'static str> {
    match support {
        TaskSupport::Forbidden => None,
        TaskSupport::Optional => Some("optional"),
        TaskSupport::Required => Some("required"),
    }
}

fn wire_tool(tool: &Tool) -> WireTool {
    let about = tool.about();
    let description = about.description.clone().map(Into::into);
    let mut wire = WireTool::new_with_raw(tool.name().to_owned(), description, tool.schema().clone());
    wire.title.clone_from(&about.title);
    wire.icons = icons(about);
    wire.meta = meta(about);
    wire.output_schema = tool.result_schema().cloned();
    let hints = tool.hints();
    let annotations =
        ToolAnnotations::from_raw(None, hints.read_only, hints.destructive, hints.idempotent, hints.open_world);
    wire.annotations = (annotations != ToolAnnotations::default()).then_some(annotations);
    wire
}
