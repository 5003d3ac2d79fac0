//! The resources that the suite reads.

use rmcp::ErrorData;
use rmcp::model::{ListResourceTemplatesResult, ListResourcesResult, ReadResourceResult};
use serde_json::{Value, json};

use crate::content::{picture, typed};

pub(crate) fn list() -> Result<ListResourcesResult, ErrorData> {
    let resource = |name: &str, mime_type: &str| json!({ "uri": format!("test://{name}"), "name": name, "description": name, "mimeType": mime_type });
    typed(json!({ "resources": [
        resource("static-text", "text/plain"),
        resource("static-binary", "image/png"),
        resource("watched-resource", "text/plain"),
    ] }))
}

pub(crate) fn templates() -> Result<ListResourceTemplatesResult, ErrorData> {
    let template =
        json!({ "uriTemplate": "test://template/{id}/data", "name": "template", "mimeType": "application/json" });
    typed(json!({ "resourceTemplates": [template] }))
}

pub(crate) fn read(uri: &str) -> Result<ReadResourceResult, ErrorData> {
    let contents = match uri {
        "test://static-text" => words(uri, "text/plain", "This is the content of the static text resource."),
        "test://static-binary" => picture(uri),
        "test://watched-resource" => words(uri, "text/plain", "Watched."),
        _ => {
            let id = uri.strip_prefix("test://template/").and_then(|rest| rest.strip_suffix("/data"));
            let unknown = || ErrorData::resource_not_found(format!("no resource {uri}"), Some(json!({ "uri": uri })));
            let id = id.ok_or_else(unknown)?;
            let data = json!({ "id": id, "templateTest": true, "data": format!("Data for ID: {id}") });
            words(uri, "application/json", &data.to_string())
        }
    };
    typed(json!({ "contents": [contents] }))
}

fn words(uri: &str, mime_type: &str, text: &str) -> Value {
    json!({ "uri": uri, "mimeType": mime_type, "text": text })
}
