//! Every kind of question that a client can put to its user, from plain Rust types.
//!
//! `cargo run -p fastestmcp-examples --example forms` serves `http://127.0.0.1:8000/mcp`; another address is its argument.

use std::collections::BTreeSet;

use fastestmcp::prelude::*;

/// What the user is asked. Docs are what they read; `Option` and `#[serde(default)]` may be left out.
#[derive(Deserialize, Serialize, JsonSchema)]
struct Survey {
    /// What shall we call you?
    #[schemars(title = "Name", length(min = 1, max = 40))]
    name: String,
    #[schemars(email)]
    email: String,
    #[schemars(url)]
    homepage: Option<String>,
    #[schemars(extend("format" = "date"))]
    birthday: Option<String>,
    #[schemars(extend("format" = "date-time"))]
    call_at: Option<String>,
    #[serde(default = "hello")]
    greeting: String,
    #[schemars(range(min = 0, max = 150))]
    age: u8,
    /// In metres.
    height: Option<f64>,
    #[serde(default)]
    newsletter: bool,
    size: Size,
    /// How would you pay?
    pay: Payment,
    backup: Option<Payment>,
    #[schemars(length(min = 1, max = 2))]
    sizes: Vec<Size>,
    /// What else would you take?
    #[serde(default)]
    payments: BTreeSet<Payment>,
}

fn hello() -> String {
    "hello".to_owned()
}

// Without docs on its variants, the user chooses among their names. Docs of the enum would describe each field of it.
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Size {
    Small,
    Medium,
    Large,
}

// With docs or titles, the user chooses among those.
#[derive(Deserialize, Serialize, JsonSchema, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "snake_case")]
enum Payment {
    /// With a card, now.
    Card,
    #[schemars(title = "On account")]
    Account,
}

async fn survey(cx: Context, (): ()) -> Result<Json<Survey>, ToolError> {
    match cx.elicit("survey", "Tell us about yourself.").await? {
        Answer::Accepted(survey) => Ok(Json(survey)),
        Answer::Declined | Answer::Cancelled => Err(ToolError::new("no answer")),
    }
}

/// A result may be any value. Clients of 2025-11-25 know only objects and are given the rest as text.
async fn sizes(_: Context, (): ()) -> Result<Json<Vec<Size>>, ToolError> {
    Ok(Json(vec![Size::Small, Size::Medium, Size::Large]))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8000".to_owned());
    let bound = Server::builder("forms")
        .tool(
            Tool::new("survey", survey)
                .description("Asks the user about everything.")
                .task(TaskPolicy::optional().rerun()),
        )
        .tool(Tool::new("sizes", sizes).description("The sizes there are.").read_only())
        .stores(connect("memory:").await?)
        .build()?
        .bind_http(address)
        .await?;
    eprintln!("{}", bound.url());
    bound.serve_until_signal().await?;
    Ok(())
}
