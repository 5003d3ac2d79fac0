//! Tasks: quick, slow, failing, asking.

use std::time::Duration;

use fastestmcp::prelude::*;

use crate::input::name;

pub(crate) fn tools() -> Vec<Tool> {
    let quick_polls = |policy: TaskPolicy| policy.poll_interval(Duration::from_millis(200));
    vec![
        Tool::new("greet", async |_cx, args: Greet| Ok(format!("Hello, {}!", args.name))).description("Greets."),
        Tool::new("slow_compute", slow_compute)
            .description("Takes its time.")
            .idempotent()
            .task(quick_polls(TaskPolicy::optional())),
        Tool::new("failing_job", failing_job).description("Fails after a second.").task(TaskPolicy::required()),
        Tool::new("protocol_error_job", protocol_error_job).description("Panics.").task(TaskPolicy::required()),
        Tool::new("confirm_delete", confirm_delete)
            .description("Asks before it deletes.")
            .task(quick_polls(TaskPolicy::required().rerun())),
        Tool::new("multi_input", multi_input)
            .description("Asks two things at once.")
            .task(quick_polls(TaskPolicy::required().rerun())),
        Tool::new("test_tool_with_task", ask_then_work)
            .description("Asks first, then runs as a task.")
            .task(quick_polls(TaskPolicy::required().rerun().detaches())),
    ]
}

#[derive(Deserialize, JsonSchema)]
struct Greet {
    /// Whom.
    name: String,
}

#[derive(Deserialize, JsonSchema)]
struct SlowCompute {
    /// How long it takes.
    seconds: u64,
    /// What to call the result.
    #[serde(default)]
    label: String,
}

async fn slow_compute(cx: Context, args: SlowCompute) -> Result<String, ToolError> {
    tokio::select! {
        () = tokio::time::sleep(Duration::from_secs(args.seconds)) => Ok(format!("{} computed", args.label)),
        () = cx.cancelled() => Err(ToolError::new("stopped")),
    }
}

async fn failing_job(_: Context, _: NoArgs) -> Result<(), ToolError> {
    tokio::time::sleep(Duration::from_secs(1)).await;
    Err(ToolError::new("this job always fails"))
}

#[expect(clippy::panic, reason = "the suite wants to see one")]
async fn protocol_error_job(_: Context, _: NoArgs) -> Result<(), ToolError> {
    panic!("this job always panics");
}

async fn ask_then_work(cx: Context, _: NoArgs) -> Result<String, ToolError> {
    let name = name(&cx, "user_name", "What is your name?").await?;
    cx.detach().await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    Ok(format!("Hello, {name}!"))
}

#[derive(Deserialize, JsonSchema)]
struct ConfirmDelete {
    /// What to delete.
    filename: String,
}

#[derive(Deserialize, JsonSchema)]
struct Confirm {
    confirm: bool,
}

async fn confirm(cx: &Context, question: String) -> Result<bool, ToolError> {
    Ok(matches!(cx.elicit::<Confirm>("confirm", question).await?, Answer::Accepted(Confirm { confirm: true })))
}

async fn confirm_delete(cx: Context, args: ConfirmDelete) -> Result<String, ToolError> {
    let confirmed = confirm(&cx, format!("Delete {}?", args.filename)).await?;
    Ok(if confirmed { format!("{} deleted", args.filename) } else { "nothing deleted".to_owned() })
}

async fn multi_input(cx: Context, _: NoArgs) -> Result<String, ToolError> {
    let (name, confirmed) =
        tokio::try_join!(name(&cx, "name", "What is your name?"), confirm(&cx, "Are you sure?".to_owned()))?;
    Ok(format!("{name} is {}sure", if confirmed { "" } else { "not " }))
}
