//! Every kind of content a result can have.

use fastestmcp::prelude::*;

/// A red pixel.
pub(crate) const PNG: &str =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==";
/// No samples at 8 kHz.
const WAV: &str = "UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAIA+AAACABAAZGF0YQAAAAA=";

pub(crate) fn tools() -> Vec<Tool> {
    vec![
        Tool::new("test_simple_text", async |_cx, _: NoArgs| Ok("This is a simple text response for testing."))
            .description("Returns a text.")
            .read_only(),
        Tool::new("test_image_content", async |_cx, _: NoArgs| Ok(image()))
            .description("Returns a picture.")
            .read_only(),
        Tool::new("test_audio_content", async |_cx, _: NoArgs| Ok(audio())).description("Returns a sound.").read_only(),
        Tool::new("test_embedded_resource", async |_cx, _: NoArgs| {
            Ok(resource("test://embedded-resource", "text/plain", "This is an embedded resource content."))
        })
        .description("Returns a resource.")
        .read_only(),
        Tool::new("test_multiple_content_types", async |_cx, _: NoArgs| {
            Ok(vec![
                Content::text("Multiple content types test:"),
                image(),
                resource("test://mixed-content-resource", "application/json", r#"{"test":"data","value":123}"#),
            ])
        })
        .description("Returns a text, a picture and a resource.")
        .read_only(),
    ]
}

pub(crate) fn image() -> Content {
    Content::Image { data: PNG.to_owned(), mime_type: "image/png".to_owned(), annotations: None, meta: None }
}

fn audio() -> Content {
    Content::Audio { data: WAV.to_owned(), mime_type: "audio/wav".to_owned(), annotations: None, meta: None }
}

pub(crate) fn resource(uri: &str, mime_type: &str, text: &str) -> Content {
    Content::resource_text(uri, mime_type, text)
}
