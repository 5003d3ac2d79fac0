use std::collections::HashSet;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::client::{Client, Failure};
use super::plain;
use super::question::Answers;
use super::stop::Stop;

/// How often to look where the server does not say.
const POLL: Duration = Duration::from_secs(1);
/// Never more often, whatever the server says.
const SOONEST: Duration = Duration::from_millis(20);
/// Never less often.
const LATEST: Duration = Duration::from_secs(60);
/// How often to look whether a server is back.
const RETRY: Duration = Duration::from_millis(500);

/// How long a server may be away, and since when it is.
pub(super) struct Patience {
    most: Duration,
    since: Option<Instant>,
}

impl Patience {
    pub(super) const fn new(most: Duration) -> Self {
        Self { most, since: None }
    }

    /// It is away: waits, or gives up.
    fn lost(&mut self, reason: String) -> Result<(), Stop> {
        let since = *self.since.get_or_insert_with(|| {
            eprintln!("{reason}; trying again for {}", humantime::format_duration(self.most));
            Instant::now()
        });
        if since.elapsed() >= self.most {
            return Err(Stop::Unreachable(format!("{reason}; the task may still run")));
        }
        thread::sleep(RETRY);
        Ok(())
    }

    /// It answered.
    fn found(&mut self) {
        if self.since.take().is_some() {
            eprintln!("the server is back");
        }
    }
}

/// The result of a task, over restarts of its server.
pub(super) fn follow(client: &mut Client, id: &str, answers: &Answers, mut patience: Patience) -> Result<Value, Stop> {
    let mut seen = None;
    let mut answered = HashSet::new();
    loop {
        let mut task = again(client, "tasks/get", &json!({ "taskId": id }), &mut patience)?;
        let status = task.get("status").and_then(Value::as_str).unwrap_or_default().to_owned();
        let message = task.get("statusMessage").and_then(Value::as_str).unwrap_or_default().to_owned();
        let now = Some((status.clone(), message.clone()));
        if seen != now {
            eprintln!("{} {}", plain::line(&status), plain::line(&message));
            seen = now;
        }
        match status.as_str() {
            "completed" => {
                return task.get_mut("result").map(Value::take).ok_or_else(|| Stop::strange("a task has no result"));
            }
            "failed" => {
                let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
                let error = task.get("error");
                let reason = text(error.and_then(|error| error.get("data")?.get("reason")));
                let message = text(error.and_then(|error| error.get("message"))).unwrap_or_default();
                let reason = reason.map(|reason| format!(" ({reason})")).unwrap_or_default();
                return Err(Stop::Failed(format!("the task failed: {message}{reason}")));
            }
            "cancelled" => return Err(Stop::Failed("the task was cancelled".to_owned())),
            "working" => thread::sleep(poll_interval(&task)),
            "input_required" => {
                let mut asked = task.get("inputRequests").and_then(Value::as_object).cloned().unwrap_or_default();
                asked.retain(|key, _| !answered.contains(key));
                if asked.is_empty() {
                    thread::sleep(poll_interval(&task));
                    continue;
                }
                let responses = answers.to(&asked)?;
                let params = json!({ "taskId": id, "inputResponses": responses });
                match again(client, "tasks/update", &params, &mut patience) {
                    Ok(_) => answered.extend(responses.into_iter().map(|(key, _)| key)),
                    // The user may do better; what was given as an option stays as it is.
                    Err(Stop::Failed(reason)) if answers.are_typed() => eprintln!("{}", plain::line(&reason)),
                    Err(Stop::Failed(reason)) => return Err(Stop::Usage(reason)),
                    Err(stop) => return Err(stop),
                }
            }
            other => return Err(Stop::strange(&format!("a task is {other:?}"))),
        }
    }
}

/// Asks until the server answers: what is asked about a task can be asked again.
fn again(client: &mut Client, method: &str, params: &Value, patience: &mut Patience) -> Result<Value, Stop> {
    loop {
        match client.request(method, params.clone()) {
            Ok(result) => {
                patience.found();
                return Ok(result);
            }
            Err(Failure::Away(reason) | Failure::Broken(reason)) => patience.lost(reason)?,
            // The server is there, and what it keeps its state in is not.
            Err(Failure::Refused { message, data, .. })
                if data.get("reason").is_some_and(|r| r == "store unavailable") =>
            {
                patience.lost(message)?;
            }
            Err(failure) => {
                patience.found();
                return Err(failure.into());
            }
        }
    }
}

fn poll_interval(task: &Value) -> Duration {
    let asked = task.get("pollIntervalMs").and_then(Value::as_u64);
    asked.map_or(POLL, |ms| Duration::from_millis(ms).clamp(SOONEST, LATEST))
}
