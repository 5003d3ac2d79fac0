//! What the cases about the runtime have in common.

use std::sync::Arc;
use std::time::Duration;

use fastestmcp_core::component::{NoArgs, TaskPolicy, Tool, ToolOutput};
use fastestmcp_core::context::{Client, Context, NoClient};
use fastestmcp_core::operation::CallError;

use crate::scene::Scene;
use crate::stage::Probe;

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

/// Nobody who could be asked.
pub(super) fn nobody() -> Arc<dyn Client> {
    Arc::new(NoClient)
}

/// The text of a result.
pub(super) fn said(output: &ToolOutput) -> Option<String> {
    let output = serde_json::to_value(output).ok()?;
    Some(output["content"][0]["text"].as_str()?.to_owned())
}
