//! Components as clients are shown them.

mod described;
mod prompts;
mod resources;
mod tools;

pub(crate) use prompts::prompts;
pub(crate) use resources::{resources, templates};
pub(crate) use tools::Catalog;

use fastestmcp_core::runtime::Runtime;
use rmcp::model::{PromptsCapability, ResourcesCapability, ServerCapabilities};

/// What a server of these components can be asked for.
pub(crate) fn capabilities(runtime: &Runtime) -> ServerCapabilities {
    let mut capabilities =
        ServerCapabilities::builder().enable_tools().enable_tool_list_changed().enable_tasks().build();
    capabilities.logging = Some(Default::default());
    let has_templates = runtime.resource_templates().next().is_some();
    if has_templates || runtime.resources().next().is_some() {
        let mut resources = ResourcesCapability::default();
        (resources.subscribe, resources.list_changed) = (Some(true), Some(true));
        capabilities.resources = Some(resources);
    }
    if runtime.prompts().next().is_some() {
        let mut prompts = PromptsCapability::default();
        prompts.list_changed = Some(true);
        capabilities.prompts = Some(prompts);
    }
    let completes = runtime.prompts().any(|prompt| prompt.has_completions())
        || runtime.resource_templates().any(|template| template.has_completions());
    if completes {
        capabilities.completions = Some(Default::default());
    }
    capabilities
}
