//! Resources and a template of resources.

use std::time::Duration;

use fastestmcp::prelude::*;
use fastestmcp::{AnyResource, ResourceContents};
use serde_json::json;

use crate::content::PNG;

#[derive(Deserialize, JsonSchema)]
struct Template {
    id: String,
}

pub(crate) fn resources() -> Vec<AnyResource> {
    let text = Resource::new("test://static-text", async |_cx| Ok("This is the content of the static text resource."));
    let binary = Resource::new("test://static-binary", async |_cx| {
        let (uri, mime_type) = ("test://static-binary".to_owned(), Some("image/png".to_owned()));
        Ok(ResourceContents { uri, mime_type, text: None, blob: Some(PNG.to_owned()), meta: None })
    });
    let template = ResourceTemplate::new("test://template/{id}/data", async |_cx, Template { id }| {
        Ok(Json(json!({ "id": id, "templateTest": true, "data": format!("Data for ID: {id}") })))
    });
    let watched = Resource::new("test://watched-resource", async |_cx| Ok("It has not changed."));
    vec![
        watched.name("watched-resource").description("A text to subscribe to.").into(),
        text.name("static-text").description("A text.").cache(Duration::from_secs(60)).same_for_all().into(),
        binary.name("static-binary").description("A picture.").mime("image/png").into(),
        template
            .name("template")
            .description("Some data of an id.")
            .complete("id", async |_cx, typed: &str| Ok([format!("{typed}1"), format!("{typed}2")]))
            .into(),
    ]
}
