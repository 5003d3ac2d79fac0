use fastestmcp_core::component::{
    Content, PromptOutput, ResourceContents as Contents, ResourceOutput, Role, ToolOutput,
};
use rmcp::model::{
    CacheScope, CallToolResult, ContentBlock, ErrorData, GetPromptResult, MetaObject, PromptMessage,
    ReadResourceResult, ResourceContents, Role as WireRole,
};

use super::{errors, time};

/// A tool's output as the protocol layer has it, without a detour over JSON for text and binary blocks.
pub(crate) fn call_result(output: ToolOutput) -> Result<CallToolResult, ErrorData> {
    let content = output.content.into_iter().map(block).collect::<Result<_, _>>()?;
    let mut result = CallToolResult::success(content);
    result.structured_content = output.structured_content;
    result.is_error = Some(output.is_error);
    result.meta = output.meta.map(MetaObject);
    Ok(result)
}

/// What a resource holds.
pub(crate) fn read_result(output: ResourceOutput) -> ReadResourceResult {
    let mut result = ReadResourceResult::new(output.contents.into_iter().map(resource_contents).collect());
    if !output.caching.fresh.is_zero() {
        let scope = if output.caching.shared { CacheScope::Public } else { CacheScope::Private };
        result = result.with_ttl_ms(time::ms(output.caching.fresh)).with_cache_scope(scope);
    }
    result
}

/// What a prompt comes to.
pub(crate) fn prompt_result(output: PromptOutput) -> Result<GetPromptResult, ErrorData> {
    let message = |message: fastestmcp_core::component::PromptMessage| {
        Ok(PromptMessage::new(role(message.role), block(message.content)?))
    };
    let messages = output.messages.into_iter().map(message).collect::<Result<_, ErrorData>>()?;
    let mut result = GetPromptResult::new(messages);
    result.description = output.description;
    result.meta = output.meta.map(MetaObject);
    Ok(result)
}

/// As the protocol layer has it.
pub(crate) const fn role(role: Role) -> WireRole {
    match role {
        Role::User => WireRole::User,
        Role::Assistant => WireRole::Assistant,
    }
}

fn block(content: Content) -> Result<ContentBlock, ErrorData> {
    Ok(match content {
        Content::Text { text, annotations: None, meta: None } => ContentBlock::text(text),
        Content::Image { data, mime_type, annotations: None, meta: None } => ContentBlock::image(data, mime_type),
        Content::Audio { data, mime_type, annotations: None, meta: None } => ContentBlock::audio(data, mime_type),
        Content::Resource { resource, annotations: None, meta: None } => {
            ContentBlock::resource(resource_contents(resource))
        }
        // Links carry whatever the author put into them, and the others what is said of them.
        other => {
            serde_json::to_value(other).and_then(serde_json::from_value).map_err(|error| errors::internal(&error))?
        }
    })
}

fn resource_contents(contents: Contents) -> ResourceContents {
    let Contents { uri, mime_type, text, blob, meta } = contents;
    let meta = meta.map(MetaObject);
    match blob {
        Some(blob) => ResourceContents::BlobResourceContents { uri, mime_type, blob, meta },
        None => ResourceContents::TextResourceContents { uri, mime_type, text: text.unwrap_or_default(), meta },
    }
}
