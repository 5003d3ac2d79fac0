use fastestmcp_core::component::{Prompt, PromptArgument};
use fastestmcp_core::operation::PromptPage;
use rmcp::model::{ListPromptsResult, Prompt as WirePrompt, PromptArgument as WireArgument};

use super::described::{icons, meta};

/// A page of prompts.
pub(crate) fn prompts(page: PromptPage) -> ListPromptsResult {
    let mut list = ListPromptsResult::with_all_items(page.prompts.iter().map(|prompt| shown(prompt)).collect());
    list.next_cursor = page.next_cursor;
    list
}

fn shown(prompt: &Prompt) -> WirePrompt {
    let about = prompt.about();
    let arguments: Vec<_> = prompt.arguments().iter().map(argument).collect();
    let arguments = (!arguments.is_empty()).then_some(arguments);
    let mut wire = WirePrompt::new(about.name.clone(), about.description.clone(), arguments);
    wire.title.clone_from(&about.title);
    wire.icons = icons(about);
    wire.meta = meta(about);
    wire
}

fn argument(argument: &PromptArgument) -> WireArgument {
    let mut wire = WireArgument::new(argument.name.clone()).with_required(argument.required);
    wire.title.clone_from(&argument.title);
    wire.description.clone_from(&argument.description);
    wire
}
