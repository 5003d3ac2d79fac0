use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use fastestmcp_core::context::Client;
use fastestmcp_core::ids::TaskId;
use fastestmcp_core::operation::{CallError, FollowProgress, ProgressFeed, TaskView, UpdateTask, WatchTask};
use fastestmcp_core::task::{ASKED_AT_MOST, InputRequest, InvalidAnswer, Progress, RpcError, TaskOutcome};
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use rmcp::model::{CallToolResult, ErrorData, ServerResult};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep_until};

use crate::incoming::Incoming;
use crate::peer_client::PeerClient;
use crate::telemetry::{Refused, TARGET};
use crate::wire::{META_RELATED_TASK, errors};

/// How long a client may be away before it is taken to have left: as long as what it missed is kept.
const LEFT: Duration = Duration::from_secs(300);
/// How long to wait when progress cannot be read, or an answer not be handed on.
const RETRY: Duration = Duration::from_secs(1);

/// `tasks/result`: waits for the end and answers as the call itself would have.
///
/// Its place among those that wait is given up while nobody reads what it says, and taken again when somebody does. Who
/// does not come back has left.
///
/// While it waits, each open request of the task goes to the client on this request's stream, and so does the
/// progress of the task if the call that made it asked for it.
pub(super) async fn wait(incoming: &Incoming<'_>, id: TaskId) -> Result<Value, ErrorData> {
    let mut asked = HashSet::new();
    let mut asking = FuturesUnordered::new();
    let Some(reader) = &incoming.reader else { return attend(incoming, &id, &mut asked, &mut asking).await };
    loop {
        tokio::select! {
            biased;
            answer = attend(incoming, &id, &mut asked, &mut asking) => return answer,
            () = reader.gone() => {}
        }
        let left = Instant::now() + LEFT;
        // What it was asked stays asked: it may answer without reading on, and reads it again when it is back.
        loop {
            tokio::select! {
                biased;
                () = reader.back() => break,
                Some(answered) = asking.next() => answered.map_err(|error| incoming.refused(&error))?,
                () = sleep_until(left) => return Err(incoming.refused(&CallError::Cancelled)),
                () = incoming.cancelled.cancelled() => return Err(incoming.refused(&CallError::Cancelled)),
            }
        }
    }
}

type Asking<'i> = FuturesUnordered<BoxFuture<'i, Result<(), CallError>>>;

async fn attend<'i>(
    incoming: &'i Incoming<'_>,
    id: &'i TaskId,
    asked: &mut HashSet<String>,
    asking: &mut Asking<'i>,
) -> Result<Value, ErrorData> {
    let refused = |error| incoming.refused(&error);
    let mut client = incoming.client.clone().asking_for(id);
    let mut feed = incoming.ask(FollowProgress::new(id.clone())).await.map_err(refused)?;
    if let Some(feed) = &feed {
        client = client.with_progress_token(feed.token());
    }
    let mut watch = incoming.ask(WatchTask::new(id.clone())).await.map_err(refused)?;
    loop {
        let view = watch.view();
        if view.status.is_terminal() {
            return outcome(view);
        }
        for (key, request) in &view.inputs {
            if asked.insert(key.clone()) {
                asking.push(Box::pin(ask(incoming, id, client.clone(), key.clone(), request.clone())));
            }
        }
        tokio::select! {
            changed = watch.changed() => drop(changed.map_err(refused)?),
            Some(answered) = asking.next() => answered.map_err(refused)?,
            progress = next(&mut feed) => client.progress(&progress).await,
            () = incoming.cancelled.cancelled() => return Err(refused(CallError::Cancelled)),
        }
    }
}

/// The next progress of the task; never, if there is none to be had.
async fn next(feed: &mut Option<ProgressFeed>) -> Progress {
    let Some(feed) = feed else { return std::future::pending().await };
    loop {
        match feed.next().await {
            Ok(progress) => return progress,
            Err(error) => {
                tracing::debug!(target: TARGET, error = %Refused(&error), "progress cannot be read");
                tokio::time::sleep(RETRY).await;
            }
        }
    }
}

/// Asks the client and hands its answer to the task; again, if it does not fit or is an error.
///
/// # Errors
/// Why it is asked no more by this request. The question stays open until it times out.
async fn ask(
    incoming: &Incoming<'_>,
    id: &TaskId,
    client: PeerClient,
    key: String,
    request: InputRequest,
) -> Result<(), CallError> {
    let mut question = request.clone();
    let mut asked = 0;
    loop {
        let refused = match client.request(&key, &related(&question, id)).await {
            Ok(answer) => match update(incoming, id, &key, answer).await {
                Err(CallError::InvalidAnswer(refused)) => refused,
                Err(error) => {
                    // Answered elsewhere meanwhile, or the task is gone: whoever waits for it is told.
                    tracing::debug!(target: TARGET, error = %Refused(&error), "the answer was not taken");
                    return Ok(());
                }
                Ok(()) => return Ok(()),
            },
            Err(error) => {
                let reason = format!("the client answered with an error: {}", error.message);
                InvalidAnswer { key: key.clone(), reason }
            }
        };
        asked += 1;
        if asked == ASKED_AT_MOST {
            return Err(refused.into());
        }
        question = request.again(&refused.reason);
    }
}

/// Hands an answer to the task. It is not lost to a store that does not answer for a while.
async fn update(incoming: &Incoming<'_>, id: &TaskId, key: &str, answer: Value) -> Result<(), CallError> {
    loop {
        let update = UpdateTask::new(id.clone(), BTreeMap::from([(key.to_owned(), answer.clone())]));
        match incoming.ask(update).await {
            Err(CallError::Store(error)) if error.is_of_a_store_that_does_not_answer() => {
                tracing::debug!(target: TARGET, %error, "an answer is handed on again");
                tokio::time::sleep(RETRY).await;
            }
            updated => return updated,
        }
    }
}

/// The request, tied to the task.
fn related(request: &InputRequest, id: &TaskId) -> InputRequest {
    let mut request = request.clone();
    if request.params.is_null() {
        request.params = json!({});
    }
    tie(&mut request.params, id);
    request
}

fn tie(value: &mut Value, id: &TaskId) {
    let Some(value) = value.as_object_mut() else { return };
    let meta = value.entry("_meta").or_insert_with(|| json!({}));
    if let Some(meta) = meta.as_object_mut() {
        meta.insert(META_RELATED_TASK.to_owned(), json!({ "taskId": id.as_str() }));
    }
}

/// The result of a call as the protocol layer gives it to a session, for where its types do not reach.
pub(super) fn of_call(result: CallToolResult) -> Result<Value, ErrorData> {
    let mut result = ServerResult::CallToolResult(result);
    result.strip_result_type_for_legacy_peer();
    result.strip_non_object_output_for_legacy_peer();
    serde_json::to_value(result).map_err(|error| errors::internal(&error))
}

fn outcome(view: &TaskView) -> Result<Value, ErrorData> {
    match &view.outcome {
        Some(TaskOutcome::Result(result)) => {
            let result = serde_json::from_value(result.clone()).map_err(|error| errors::internal(&error))?;
            let mut result = of_call(result)?;
            tie(&mut result, &view.id);
            Ok(result)
        }
        Some(TaskOutcome::Error(error)) => Err(errors::data(error.clone())),
        Some(TaskOutcome::Cancelled) => Err(errors::refused(&CallError::Cancelled)),
        None => Err(errors::data(RpcError::internal("internal"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_structured_result_that_is_no_object_stands_as_text_even_if_the_tool_gave_none() {
        let result = |value| {
            let mut result = CallToolResult::success(Vec::new());
            result.structured_content = Some(value);
            of_call(result).ok()
        };
        let text = json!([{ "type": "text", "text": "[1]" }]);
        assert_eq!(result(json!([1])), Some(json!({ "content": text, "isError": false })));
        let object = json!({ "a": 1 });
        let whole = json!({ "content": [], "structuredContent": object, "isError": false });
        assert_eq!(result(object), Some(whole));
    }

    #[test]
    fn a_request_is_tied_to_its_task_and_keeps_its_own_meta() {
        let request = InputRequest {
            method: "elicitation/create".to_owned(),
            params: json!({ "message": "?", "_meta": { "a": 1 } }),
        };
        let tied = related(&request, &TaskId::new("t"));
        let meta = json!({ "a": 1, "io.modelcontextprotocol/related-task": { "taskId": "t" } });
        assert_eq!(tied.params, json!({ "message": "?", "_meta": meta }));
    }
}
