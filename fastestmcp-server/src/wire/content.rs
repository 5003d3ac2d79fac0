use fastestmcp_core::component::{Content, ResourceContents as Contents, ToolOutput};
use rmcp::model::{CallToolResult, ContentBlock, ErrorData, MetaObject, ResourceContents};

use super::errors;

/// A tool's output as the protocol layer has it, without a detour over JSON for text and binary blocks.
pub(crate) fn call_result(output: ToolOutput) -> Result<CallToolResult, ErrorData> {
    let content = output.content.into_iter().map(block).collect::<Result<_, _>>()?;
    let mut result = CallToolResult::success(content);
    result.structured_content = output.structured_content;
    result.is_error = Some(output.is_error);
    result.meta = output.meta.map(MetaObject);
    Ok(result)
}

fn block(content: Content) -> Result<ContentBlock, ErrorData> {
    Ok(match content {
        Content::Text { text } => ContentBlock::text(text),
        Content::Image { data, mime_type } => ContentBlock::image(data, mime_type),
        Content::Audio { data, mime_type } => ContentBlock::audio(data, mime_type),
        Content::Resource { resource } => ContentBlock::resource(resource_contents(resource)),
        // Links carry whatever the author put into them.
        other => {
            serde_json::to_value(other).and_then(serde_json::from_value).map_err(|error| errors::internal(&error))?
        }
    })
}

fn resource_contents(contents: Contents) -> ResourceContents {
    let Contents { uri, mime_type, text, blob } = contents;
    match blob {
        Some(blob) => ResourceContents::BlobResourceContents { uri, mime_type, blob, meta: None },
        None => ResourceContents::TextResourceContents { uri, mime_type, text: text.unwrap_or_default(), meta: None },
    }
}
