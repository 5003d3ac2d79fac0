//! A task that asks before it acts: it survives a `kill -9` at any point, and neither asks nor plans twice.
//!
//! `cargo run -p fastestmcp-examples --example deploy` serves `http://127.0.0.1:8000/mcp`.

use std::time::Duration;

use fastestmcp::prelude::*;

#[derive(Deserialize, JsonSchema)]
struct Deploy {
    /// What to deploy.
    service: String,
}

#[derive(Deserialize, JsonSchema)]
struct Confirm {
    /// Go ahead?
    yes: bool,
}

const STEPS: u32 = 10;

async fn deploy(cx: Context, args: Deploy) -> Result<String, ToolError> {
    // Recorded: a run after a crash gets this plan back.
    let plan: String = cx.once("plan", || async { Ok(format!("{} in {STEPS} steps", args.service)) }).await?;
    match cx.elicit::<Confirm>("confirm", format!("Roll out {plan}?")).await? {
        Answer::Accepted(Confirm { yes: true }) => {}
        _ => return Err(ToolError::new("not confirmed")),
    }
    for step in cx.restored::<u32>()?.unwrap_or(0)..STEPS {
        cx.progress(step.into(), Some(STEPS.into()), format!("step {}", step + 1));
        tokio::select! {
            () = tokio::time::sleep(Duration::from_secs(1)) => {}
            () = cx.cancelled() => return Err(ToolError::new("stopped")),
        }
        cx.checkpoint(&(step + 1)).await?;
    }
    Ok(format!("{} deployed", args.service))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    Server::builder("deploy")
        .tool(
            Tool::new("deploy", deploy)
                .description("Rolls a service out, once the user has confirmed it.")
                .task(TaskPolicy::required().rerun()),
        )
        .stores(connect("sqlite:deploy.db").await?)
        .build()?
        .serve_http("127.0.0.1:8000")
        .await?;
    Ok(())
}
