use std::collections::BTreeMap;

use fastestmcp_core::component::Completion;
use fastestmcp_core::operation::{Complete, CompletionTarget};
use rmcp::model::{CompleteRequestParams, CompleteResult, CompletionInfo, ErrorData, Reference};

use super::errors;

/// What is to be completed.
pub(crate) fn complete(params: CompleteRequestParams) -> Result<Complete, ErrorData> {
    let target = match params.r#ref {
        Reference::Prompt(prompt) => CompletionTarget::Prompt(prompt.name),
        Reference::Resource(resource) => CompletionTarget::Resource(resource.uri),
        _ => return Err(errors::invalid_params("ref is neither to a prompt nor to a resource")),
    };
    let known: BTreeMap<_, _> = params.context.and_then(|context| context.arguments).into_iter().flatten().collect();
    Ok(Complete::new(target, params.argument.name, params.argument.value).known(known))
}

/// What it was completed to.
pub(crate) fn completed(completion: Completion) -> CompleteResult {
    let mut info = CompletionInfo::default();
    info.values = completion.values;
    info.total = completion.total.map(|total| u32::try_from(total).unwrap_or(u32::MAX));
    info.has_more = Some(completion.has_more);
    CompleteResult::new(info)
}
