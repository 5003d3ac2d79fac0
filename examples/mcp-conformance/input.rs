//! Input from the client in the middle of a call (`InputRequiredResult` on the 2026-07-28 wire).

use fastestmcp::prelude::*;
use serde_json::{Value, json};

use crate::plain::sample;

pub(crate) fn tools() -> Vec<Tool> {
    vec![
        Tool::new("test_input_required_result_elicitation", async |cx: Context, _: NoArgs| {
            Ok(format!("Hello, {}!", name(&cx, "user_name", "What is your name?").await?))
        })
        .description("Asks for a name."),
        Tool::new("test_input_required_result_sampling", async |cx: Context, _: NoArgs| {
            sample(&cx, "capital_question", "What is the capital of France?").await
        })
        .description("Asks the client's model."),
        Tool::new("test_input_required_result_list_roots", async |cx: Context, _: NoArgs| roots(&cx).await)
            .description("Asks for the client's roots."),
        Tool::new("test_input_required_result_request_state", confirmed).description("Asks for a confirmation."),
        Tool::new("test_input_required_result_tampered_state", confirmed)
            .description("Asks for a confirmation that cannot be forged."),
        Tool::new("test_input_required_result_multiple_inputs", everything)
            .description("Asks for three things at once."),
        Tool::new("test_input_required_result_multi_round", rounds).description("Asks for one thing after the other."),
        Tool::new("test_input_required_result_capabilities", whatever_works)
            .description("Asks for whatever the client supports."),
    ]
}

#[derive(Deserialize, JsonSchema)]
struct Name {
    name: String,
}

#[derive(Deserialize, JsonSchema)]
struct Color {
    color: String,
}

#[derive(Deserialize, JsonSchema)]
struct Confirm {
    ok: bool,
}

/// The user's name.
pub(crate) async fn name(cx: &Context, key: &str, question: &str) -> Result<String, ToolError> {
    match cx.elicit::<Name>(key, question).await? {
        Answer::Accepted(Name { name }) => Ok(name),
        Answer::Declined | Answer::Cancelled => Err(ToolError::new("no name given")),
    }
}

async fn roots(cx: &Context) -> Result<String, ToolError> {
    let answer = cx.roots("client_roots").await?;
    let uris = answer.get("roots").and_then(Value::as_array).into_iter().flatten().filter_map(|root| root.get("uri"));
    Ok(format!("Roots: {}", json!(uris.collect::<Vec<_>>())))
}

async fn confirmed(cx: Context, _: NoArgs) -> Result<&'static str, ToolError> {
    match cx.elicit::<Confirm>("confirm", "Please confirm").await? {
        Answer::Accepted(Confirm { ok: true }) => Ok("state-ok"),
        _ => Err(ToolError::new("not confirmed")),
    }
}

async fn everything(cx: Context, _: NoArgs) -> Result<String, ToolError> {
    let (name, greeting, roots) = tokio::try_join!(
        name(&cx, "user_name", "What is your name?"),
        sample(&cx, "greeting", "Generate a greeting"),
        roots(&cx),
    )?;
    Ok(format!("{name}. {greeting}. {roots}"))
}

async fn rounds(cx: Context, _: NoArgs) -> Result<String, ToolError> {
    let name = name(&cx, "step1", "Step 1: What is your name?").await?;
    match cx.elicit::<Color>("step2", "Step 2: What is your favorite color?").await? {
        Answer::Accepted(Color { color }) => Ok(format!("{name} likes {color}")),
        Answer::Declined | Answer::Cancelled => Ok(format!("{name} likes no color")),
    }
}

async fn whatever_works(cx: Context, _: NoArgs) -> Result<String, ToolError> {
    let abilities = cx.caller().abilities;
    if abilities.sampling {
        sample(&cx, "greeting", "Generate a greeting").await
    } else if abilities.elicitation {
        name(&cx, "user_name", "What is your name?").await
    } else {
        Ok("nobody to ask".to_owned())
    }
}
