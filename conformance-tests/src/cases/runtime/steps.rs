//! What the cases about the runtime have in common.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use fastestmcp_core::component::{NoArgs, TaskPolicy, Tool, ToolOutput};
use fastestmcp_core::context::{Caller, Client, Context, NoClient};
use fastestmcp_core::operation::{CallError, CallOutcome, CallTool, Request, Resume};
use serde_json::{Map, Value, json};
use tokio::task::JoinHandle;

use crate::halt::Halt;
use crate::scene::Scene;
use crate::stage::{Probe, Replica};

pub(super) const MS: Duration = Duration::from_millis(1);
pub(super) const SECOND: Duration = Duration::from_secs(1);
pub(super) const HOUR: Duration = Duration::from_secs(3_600);

/// A tool that runs as a task, counts its starts and waits at the gate of its probe.
pub(super) fn held(name: &str, probe: &Probe, policy: TaskPolicy) -> Tool {
    Tool::with_state(name, probe.clone(), async |probe: Probe, cx: Context, _: NoArgs| {
        probe.run(&cx).await;
        Ok("done")
    })
    .task(policy)
}

/// Reports an answer that is not the one of what is unknown: somebody else's and expired look the same.
pub(super) fn unknown<T>(scene: &Scene, what: &str, answer: &Result<T, CallError>) {
    let is = matches!(answer, Err(CallError::UnknownTask(_)));
    scene.check(is, || format!("{what}: {:?} instead of what is unknown", answer.as_ref().err()));
}

/// Reports an answer that is not that there is no room for `what` now, and when to come back.
pub(super) fn overloaded<T>(scene: &Scene, what: &str, answer: &Result<T, CallError>) {
    match answer {
        Err(CallError::Overloaded { resource, retry_after }) => {
            scene.same("refused for lack of", resource, &what);
            scene.check(*retry_after > Duration::ZERO, || "come back at once".to_owned());
        }
        Ok(_) => scene.violation(format!("there was room for more {what}")),
        Err(error) => scene.violation(format!("{error} instead of no room for {what}")),
    }
}

/// A request that goes on by itself.
pub(super) fn begun<R>(
    replica: &Replica,
    caller: Caller,
    request: R,
    client: Arc<dyn Client>,
) -> JoinHandle<Result<R::Answer, CallError>>
where
    R: Request + Clone + Send + 'static,
    R::Answer: Send,
{
    let runtime = replica.runtime.clone();
    tokio::spawn(async move { runtime.handle(request, caller, client).await })
}

/// Nobody who could be asked.
pub(super) fn nobody() -> Arc<dyn Client> {
    Arc::new(NoClient)
}

/// The text of a result.
pub(super) fn said(output: &ToolOutput) -> Option<String> {
    let output = serde_json::to_value(output).ok()?;
    Some(output["content"][0]["text"].as_str()?.to_owned())
}

/// A tool that asks its client before it says where the trip goes.
pub(super) fn trip(name: &str) -> Tool {
    Tool::new(name, async |cx: Context, arguments: Map<String, Value>| {
        cx.sample("ok", json!({ "messages": [] })).await?;
        Ok(arguments["city"].as_str().unwrap_or_default().to_owned())
    })
}

/// What a client answers that is asked for a sample.
pub(super) fn answer() -> Value {
    json!({ "role": "assistant", "model": "played", "content": { "type": "text", "text": "yes" } })
}

pub(super) fn answers(answers: &[(&str, Value)]) -> BTreeMap<String, Value> {
    answers.iter().map(|(key, answer)| ((*key).to_owned(), answer.clone())).collect()
}

/// The state that a call leaves with its client, who is asked something.
pub(super) async fn asked(replica: &Replica, caller: &Caller, call: CallTool) -> Result<String, Halt> {
    match replica.ask(caller, call).await? {
        CallOutcome::InputRequired { state, .. } => Ok(state),
        other => Err(Halt::Wrong(format!("the client was not asked: {other:?}"))),
    }
}

/// What such a call says when it is resumed with this state and the answer to `ok`.
pub(super) async fn gone_on(
    replica: &Replica,
    caller: &Caller,
    call: CallTool,
    state: &str,
) -> Result<String, CallError> {
    let resume = Resume { state: Some(state.to_owned()), answers: answers(&[("ok", answer())]) };
    match replica.ask(caller, call.resume(resume)).await? {
        CallOutcome::Complete(output) => Ok(said(&output).unwrap_or_default()),
        _ => Err(CallError::Masked),
    }
}

/// What a client may make of a sealed text: each is none that was sealed.
pub(super) fn damaged(sealed: &str) -> Vec<(String, String)> {
    let mut damaged = vec![
        ("nothing".to_owned(), String::new()),
        ("made up".to_owned(), "made up".to_owned()),
        ("a long one".to_owned(), "A".repeat(1 << 20)),
        ("twice".to_owned(), sealed.repeat(2)),
        ("longer".to_owned(), format!("{sealed}AAAA")),
    ];
    for at in (0..sealed.len()).step_by(7).chain([sealed.len() - 1]) {
        damaged.push((format!("cut at {at}"), sealed[..at].to_owned()));
        let other = if &sealed[at..=at] == "A" { "B" } else { "A" };
        damaged.push((format!("altered at {at}"), format!("{}{other}{}", &sealed[..at], &sealed[at + 1..])));
    }
    damaged
}
