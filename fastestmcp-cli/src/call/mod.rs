//! `fastestmcp call`: a small client of 2026-07-28 over HTTP, for people who want to see what a server does.

mod arguments;
mod client;
mod field;
mod plain;
mod question;
mod result;
mod stop;
mod task;
mod tls;

use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use serde_json::{Map, Value, json};

use client::{Client, Failure};
use question::Answers;
use stop::Stop;
use task::Patience;

/// Where a token is looked for that is not given as an option, which others on this machine could read.
const TOKEN: &str = "FASTESTMCP_TOKEN";

/// How often a tool may ask before it is taken for one that never stops.
const ROUNDS: usize = 100;

/// Options of `fastestmcp call`.
#[derive(Args)]
#[command(after_help = "A token in the environment variable FASTESTMCP_TOKEN is sent as --token would be.\n\
    Exit code: 0 the tool succeeded, 1 it failed, 2 it could not be asked or bad usage.\n\n\
    Example: fastestmcp call http://127.0.0.1:8000/mcp countdown '{\"from\": 10}' --task")]
pub(crate) struct Options {
    /// The server's endpoint, for instance http://127.0.0.1:8000/mcp
    #[arg(value_name = "URL")]
    url: String,
    /// The tool to call
    #[arg(value_name = "TOOL", required_unless_present = "follow")]
    tool: Option<String>,
    /// Its arguments, a JSON object
    #[arg(value_name = "JSON", default_value = "{}")]
    arguments: String,
    /// Let the server run it as a task, and follow the task over restarts of the server
    #[arg(long)]
    task: bool,
    /// Follow a task that was started before instead of calling a tool
    #[arg(long, value_name = "TASK", conflicts_with_all = ["tool", "task"])]
    follow: Option<String>,
    /// The answer to a question, by its key: the fields as a JSON object, or `decline` or `cancel`
    #[arg(long = "answer", value_name = "KEY=JSON")]
    answers: Vec<String>,
    /// A bearer token; who else uses this machine can read it, unlike that of the environment
    #[arg(long)]
    token: Option<String>,
    /// How long a server may be away before the task is given up
    #[arg(long, default_value = "60s", value_parser = humantime::parse_duration, value_name = "DURATION")]
    patience: Duration,
    /// Print the whole result as JSON
    #[arg(long)]
    json: bool,
}

/// Calls, follows, answers, and prints the result.
pub(crate) fn run(options: Options) -> ExitCode {
    match call(options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(stop) => {
            eprintln!("fastestmcp: {}", plain::lines(&stop.to_string()));
            stop.code()
        }
    }
}

fn call(options: Options) -> Result<(), Stop> {
    let answers = Answers::parse(&options.answers)?;
    let token = options.token.or_else(|| std::env::var(TOKEN).ok()).filter(|token| !token.is_empty());
    let mut client = Client::new(&options.url, token, options.task || options.follow.is_some())?;
    let patience = Patience::new(options.patience);
    let result = match (options.follow, options.tool) {
        (Some(id), _) => task::follow(&mut client, &id, &answers, patience)?,
        (None, Some(tool)) => {
            let arguments = arguments::parse(&options.arguments)?;
            arguments::check(&mut client, &tool, &arguments)?;
            ask(&mut client, &tool, arguments, &answers, patience)?
        }
        (None, None) => return Err(Stop::Usage("which tool?".to_owned())),
    };
    result::print(&result, options.json)
}

/// The result of a call, whatever way it takes.
fn ask(
    client: &mut Client,
    tool: &str,
    arguments: Map<String, Value>,
    answers: &Answers,
    patience: Patience,
) -> Result<Value, Stop> {
    let mut params = json!({ "name": tool, "arguments": arguments });
    for _ in 0..ROUNDS {
        let mut result = client.request("tools/call", params.clone()).map_err(|failure| refused(failure, tool))?;
        match result.get("resultType").and_then(Value::as_str) {
            Some("task") => {
                let id =
                    result.get("taskId").and_then(Value::as_str).ok_or_else(|| Stop::strange("a task has no id"))?;
                eprintln!("task {}", plain::line(id));
                return task::follow(client, id, answers, patience);
            }
            Some("input_required") => {
                let asked = result.get("inputRequests").and_then(Value::as_object).cloned().unwrap_or_default();
                params["inputResponses"] = Value::Object(answers.to(&asked)?);
                if let Some(state) = result.get_mut("requestState") {
                    params["requestState"] = state.take();
                }
            }
            _ => return Ok(result),
        }
    }
    Err(Stop::Unreachable(format!("{tool} does not stop asking")))
}

/// Why a call has no result, and what to do about it.
fn refused(failure: Failure, tool: &str) -> Stop {
    /// The server needs what the client did not declare.
    const MISSING_CAPABILITY: i64 = -32021;
    match failure {
        Failure::Refused { code: MISSING_CAPABILITY, .. } => {
            Stop::Usage(format!("{tool} runs as a task only: add --task"))
        }
        Failure::Broken(reason) => Stop::Unreachable(format!(
            "{reason} before the answer came; whether {tool} ran is unknown (with --task a started task is not lost)"
        )),
        other => other.into(),
    }
}
