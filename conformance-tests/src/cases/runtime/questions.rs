//! What the cases about questions have in common.

use std::collections::BTreeMap;

use fastestmcp_core::component::{NoArgs, TaskPolicy, Tool};
use fastestmcp_core::context::{Context, ToolError};
use fastestmcp_core::ids::TaskId;
use fastestmcp_core::operation::{CallError, UpdateTask};
use fastestmcp_core::task::TaskOutcome;
use serde_json::{Value, json};

use super::steps::SECOND;
use crate::halt::{CaseResult, Halt};
use crate::stage::{Probe, Replica, Stage, caller, me};

/// What a form of one number and one text asks for.
pub(super) fn form(message: &str) -> Value {
    json!({
        "mode": "form",
        "message": message,
        "requestedSchema": {
            "type": "object",
            "properties": {
                "count": { "type": "integer", "minimum": 1, "maximum": 9 },
                "name": { "type": "string", "minLength": 2, "maxLength": 4 },
            },
            "required": ["count"],
        },
    })
}

pub(super) async fn ask(cx: &Context, key: &str) -> Result<String, ToolError> {
    let answer = cx.ask(key, "elicitation/create", form(key)).await?;
    Ok(answer["content"]["count"].as_i64().map_or_else(|| answer["action"].to_string(), |count| count.to_string()))
}

pub(super) fn accept(count: i64) -> Value {
    json!({ "action": "accept", "content": { "count": count } })
}

/// A tool that asks these questions one after the other and returns the answers.
pub(super) fn asking(name: &str, probe: &Probe, keys: &'static [&'static str], policy: TaskPolicy) -> Tool {
    let state = (probe.clone(), keys);
    Tool::with_state(name, state, async |(probe, keys): (Probe, &'static [&'static str]), cx: Context, _: NoArgs| {
        let _inside = probe.start();
        let mut answers = Vec::new();
        for key in keys {
            answers.push(ask(&cx, key).await?);
        }
        Ok(answers.join(" "))
    })
    .task(policy)
}

pub(super) async fn answer(replica: &Replica, id: &TaskId, key: &str, answer: Value) -> Result<(), CallError> {
    replica.ask(&caller(me()), UpdateTask::new(id.clone(), BTreeMap::from([(key.to_owned(), answer)]))).await
}

/// Waits until exactly these are open.
pub(super) async fn open(stage: &Stage, replica: &Replica, id: &TaskId, keys: &[&str]) -> CaseResult {
    let asked = async || {
        let view = replica.view(&caller(me()), id).await?;
        let open: Vec<_> = view.inputs.keys().map(String::as_str).collect();
        Ok(open == keys)
    };
    stage.until(SECOND * 5, &format!("the questions {keys:?}"), asked).await.map(drop)
}

pub(super) async fn outcome(stage: &Stage, replica: &Replica, id: &TaskId) -> Result<TaskOutcome, Halt> {
    Ok(stage.in_time("its end", replica.outcome(&caller(me()), id)).await??)
}
