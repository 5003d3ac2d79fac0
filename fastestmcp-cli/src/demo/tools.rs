//! The tools of the demo server: one for each promise.

use std::time::Duration;

use fastestmcp::prelude::*;

/// All of them.
pub(crate) fn all() -> Vec<Tool> {
    vec![
        Tool::new("visit", visit)
            .description("Counts visits: of this session, of this principal, or under a handle.")
            .destructive(false),
        Tool::new("countdown", countdown)
            .description("Counts down step by step; goes on from the last step after a crash.")
            .idempotent()
            .task(TaskPolicy::optional().poll_interval(Duration::from_millis(200))),
        Tool::new("charge", charge)
            .description("Charges an amount: never started twice for one call.")
            .task(TaskPolicy::required().never_rerun().poll_interval(Duration::from_millis(200))),
        Tool::new("charges", charges).description("How many charges were started and finished.").read_only(),
        Tool::new("book_trip", book_trip)
            .description("Books a trip after the user has confirmed it.")
            .task(TaskPolicy::required().rerun().poll_interval(Duration::from_millis(200))),
    ]
}

/// How long a visitor's handle lives after its last use.
const HANDLE_TTL: Duration = Duration::from_secs(24 * 3_600);

#[derive(Deserialize, JsonSchema)]
struct Visit {
    /// A handle that an earlier visit returned.
    handle: Option<String>,
}

#[derive(Serialize, JsonSchema)]
struct Visits {
    /// How many there were, this one included.
    visits: u64,
    /// Bring this back next time.
    #[serde(skip_serializing_if = "Option::is_none")]
    handle: Option<String>,
}

async fn visit(cx: Context, args: Visit) -> Result<Json<Visits>, ToolError> {
    let handle = match (args.handle, cx.default_scope()) {
        (Some(handle), _) => Some(handle),
        (None, DefaultScope::None) => Some(cx.create_handle(HANDLE_TTL).await?),
        (None, _) => None,
    };
    let state = match &handle {
        Some(handle) => cx.handle(handle).await?,
        None => cx.state()?,
    };
    let visits = state.update("visits", |visits: Option<u64>| visits.unwrap_or(0) + 1).await?;
    tracing::debug!(visits, "counted");
    Ok(Json(Visits { visits, handle }))
}

#[derive(Deserialize, JsonSchema)]
struct Countdown {
    /// Where to start.
    from: u32,
    /// How long a step takes, in milliseconds.
    #[serde(default = "default_step")]
    step_ms: u64,
}

const fn default_step() -> u64 {
    1_000
}

async fn countdown(cx: Context, args: Countdown) -> Result<&'static str, ToolError> {
    let mut left = cx.restored::<u32>()?.unwrap_or(args.from);
    while left > 0 {
        cx.progress(f64::from(args.from - left.min(args.from)), Some(f64::from(args.from)), left.to_string());
        tokio::select! {
            () = tokio::time::sleep(Duration::from_millis(args.step_ms)) => {}
            () = cx.cancelled() => return Err(ToolError::new("stopped")),
        }
        left -= 1;
        cx.checkpoint(&left).await?;
    }
    cx.progress(f64::from(args.from), Some(f64::from(args.from)), "0");
    Ok("liftoff")
}

#[derive(Deserialize, JsonSchema)]
struct Charge {
    /// What to charge.
    amount: u64,
    /// How long it takes, in milliseconds.
    #[serde(default)]
    ms: u64,
}

async fn charge(cx: Context, args: Charge) -> Result<String, ToolError> {
    let book = cx.app_state("charges");
    book.update("started", |started: Option<u64>| started.unwrap_or(0) + 1).await?;
    tokio::time::sleep(Duration::from_millis(args.ms)).await;
    book.update("finished", |finished: Option<u64>| finished.unwrap_or(0) + 1).await?;
    tracing::info!(amount = args.amount, "charged");
    Ok(format!("charged {}", args.amount))
}

#[derive(Serialize, JsonSchema)]
struct Charges {
    /// Handlers that were entered.
    started: u64,
    /// Handlers that came to their end.
    finished: u64,
}

async fn charges(cx: Context, _: NoArgs) -> Result<Json<Charges>, ToolError> {
    let book = cx.app_state("charges");
    let started = book.get("started").await?.unwrap_or(0);
    let finished = book.get("finished").await?.unwrap_or(0);
    Ok(Json(Charges { started, finished }))
}

#[derive(Deserialize, JsonSchema)]
struct BookTrip {
    /// Where to.
    city: String,
}

#[derive(Deserialize, JsonSchema)]
struct Confirm {
    /// Book it?
    ok: bool,
}

async fn book_trip(cx: Context, args: BookTrip) -> Result<String, ToolError> {
    match cx.elicit::<Confirm>("confirm", format!("Book a trip to {}?", args.city)).await? {
        Answer::Accepted(confirm) if confirm.ok => Ok(format!("booked {}", args.city)),
        _ => Ok("not booked".to_owned()),
    }
}
