//! A server that remembers: each session counts for itself, and goes on counting after a restart.
//!
//! `cargo run -p fastestmcp-examples --example counter` serves `http://127.0.0.1:8000/mcp`.
//! (Requests of 2026-07-28 belong to no session: there, authenticated callers count for themselves and anonymous ones
//! need a state handle, as the tool `visit` of `fastestmcp demo` shows.)

use fastestmcp::prelude::*;

#[derive(Deserialize, JsonSchema)]
struct Add {
    /// How much to add; 1 unless told otherwise.
    #[serde(default = "one")]
    amount: i64,
}

const fn one() -> i64 {
    1
}

#[derive(Serialize, JsonSchema)]
struct Count {
    /// What it is now.
    value: i64,
}

/// Loses no update, however many calls run at once and on however many nodes.
async fn add(cx: Context, args: Add) -> Result<Json<Count>, ToolError> {
    let value = cx.update_state("count", |count: Option<i64>| count.unwrap_or(0) + args.amount).await?;
    Ok(Json(Count { value }))
}

async fn reset(cx: Context, _: NoArgs) -> Result<&'static str, ToolError> {
    cx.delete_state("count").await?;
    Ok("back to zero")
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    Server::builder("counter")
        .tool(Tool::new("add", add).description("Adds to the counter of this session."))
        .tool(Tool::new("reset", reset).description("Sets the counter of this session back to zero.").idempotent())
        .stores(connect("sqlite:counter.db").await?)
        .build()?
        .serve_http("127.0.0.1:8000")
        .await?;
    Ok(())
}
