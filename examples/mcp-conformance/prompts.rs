//! Prompts: with arguments, with other content than text, and one that asks first.

use fastestmcp::prelude::*;

use crate::content::{image, resource};

pub(crate) fn prompts() -> Vec<Prompt> {
    vec![
        Prompt::new("test_simple_prompt", async |_cx, _: NoArgs| Ok("This is a simple prompt for testing."))
            .description("Takes no arguments."),
        Prompt::new("test_prompt_with_arguments", async |_cx, Arguments { arg1, arg2 }| {
            Ok(format!("Prompt with arguments: arg1='{arg1}', arg2='{arg2}'"))
        })
        .description("Takes two arguments.")
        .complete("arg1", async |_cx, typed: &str| {
            Ok(["paris", "park", "party"].into_iter().filter(|word| word.starts_with(typed)).collect::<Vec<_>>())
        }),
        Prompt::new("test_prompt_with_embedded_resource", async |_cx, Embedded { uri }| {
            let resource = resource(&uri, "text/plain", "Embedded resource content for testing.");
            Ok(vec![PromptMessage::user(resource), PromptMessage::user("Please process the embedded resource above.")])
        })
        .description("Has a resource in it."),
        Prompt::new("test_prompt_with_image", async |_cx, _: NoArgs| {
            Ok(vec![PromptMessage::user(image()), PromptMessage::user("Please analyze the image above.")])
        })
        .description("Has a picture in it."),
        Prompt::new("test_input_required_result_prompt", asks).description("Asks what it is about."),
    ]
}

#[derive(Deserialize, JsonSchema)]
struct Arguments {
    /// First test argument
    arg1: String,
    /// Second test argument
    arg2: String,
}

#[derive(Deserialize, JsonSchema)]
struct Embedded {
    /// URI of the resource to embed
    #[serde(rename = "resourceUri")]
    uri: String,
}

#[derive(Deserialize, JsonSchema)]
struct About {
    context: String,
}

async fn asks(cx: Context, _: NoArgs) -> Result<String, ToolError> {
    match cx.elicit::<About>("user_context", "What context should the prompt use?").await? {
        Answer::Accepted(About { context }) => Ok(format!("Think about {context}.")),
        Answer::Declined | Answer::Cancelled => Ok("Think about anything.".to_owned()),
    }
}
