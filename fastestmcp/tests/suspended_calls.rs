//! Plain calls of a client that cannot be asked within the call: they end with the questions and are made again with the
//! answers (contract T7, T15).

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use fastestmcp::connect;
use fastestmcp_core::component::{NoArgs, TaskPolicy, Tool};
use fastestmcp_core::context::ToolError;
use fastestmcp_core::context::{Answer, Caller, Client, Context};
use fastestmcp_core::operation::{CallError, CallOutcome, CallTool, Resume, TaskMode};
use fastestmcp_core::principal::{AuthContext, Principal};
use fastestmcp_core::runtime::Runtime;
use fastestmcp_core::task::{ClientAbilities, InputRequest, Progress, RpcError, TaskOutcome};
use serde_json::{Map, Value, json};

/// Asks nobody.
struct Silent;

#[async_trait]
impl Client for Silent {
    fn answers_within_call(&self) -> bool {
        false
    }

    async fn request(&self, key: &str, _: &InputRequest) -> Result<Value, RpcError> {
        panic!("asked for {key}");
    }

    async fn progress(&self, _: &Progress) {}
}

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Name {
    name: String,
}

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Age {
    #[allow(dead_code, reason = "nobody answers it")]
    age: u8,
}

async fn ask(cx: &Context, key: &str) -> Result<String, ToolError> {
    match cx.elicit::<Name>(key, "Who?").await? {
        Answer::Accepted(Name { name }) => Ok(name),
        _ => Err(ToolError::new("nobody")),
    }
}

async fn two(cx: Context, _: NoArgs) -> Result<String, ToolError> {
    let (a, b) = tokio::try_join!(ask(&cx, "a"), ask(&cx, "b"))?;
    Ok(format!("{a} and {b}"))
}

async fn runtime(tool: Tool) -> Runtime {
    let runtime = Runtime::builder(connect("memory:").await.unwrap()).tool(tool).build().await.unwrap();
    runtime.start();
    runtime
}

const EVERYTHING: ClientAbilities =
    ClientAbilities { elicitation: true, url_elicitation: true, sampling: true, roots: true };

async fn called(
    runtime: &Runtime,
    abilities: ClientAbilities,
    resume: Option<Resume>,
    tasks: TaskMode,
) -> Result<CallOutcome, CallError> {
    let caller = Caller::stateless(AuthContext::new(Principal::Local("me".into())), abilities);
    let mut call = CallTool::new("tool", Map::new()).tasks(tasks);
    call.resume = resume;
    runtime.handle(call, caller, Arc::new(Silent)).await
}

async fn leg(runtime: &Runtime, resume: Option<Resume>) -> Result<CallOutcome, CallError> {
    called(runtime, EVERYTHING, resume, TaskMode::Unknown).await
}

fn answers(names: &[(&str, Value)]) -> BTreeMap<String, Value> {
    names.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect()
}

fn named(name: &str) -> Value {
    json!({ "action": "accept", "content": { "name": name } })
}

fn asked(outcome: CallOutcome) -> (Vec<String>, String) {
    match outcome {
        CallOutcome::InputRequired { requests, state } => (requests.into_keys().collect(), state),
        other => panic!("not asked: {other:?}"),
    }
}

fn text(outcome: CallOutcome) -> String {
    match outcome {
        CallOutcome::Complete(output) => output.content[0].as_text().unwrap().to_owned(),
        other => panic!("not complete: {other:?}"),
    }
}

#[tokio::test]
async fn what_was_not_answered_or_not_well_is_asked_again_and_nothing_else() {
    let runtime = runtime(Tool::new("tool", two)).await;
    let (keys, state) = asked(leg(&runtime, None).await.unwrap());
    assert_eq!(keys, ["a", "b"]);
    let some = answers(&[("a", named("Ann")), ("b", json!(12345)), ("c", named("Cid"))]);
    let (keys, state) = asked(leg(&runtime, Some(Resume { state: Some(state), answers: some })).await.unwrap());
    assert_eq!(keys, ["b"]);
    let (keys, state) =
        asked(leg(&runtime, Some(Resume { state: Some(state), answers: BTreeMap::new() })).await.unwrap());
    assert_eq!(keys, ["b"]);
    let rest = answers(&[("a", named("Al")), ("b", named("Bob"))]);
    let last = leg(&runtime, Some(Resume { state: Some(state), answers: rest })).await.unwrap();
    assert_eq!(text(last), "Ann and Bob");
}

#[tokio::test]
async fn answers_that_come_before_the_questions_count_where_they_fit() {
    let runtime = runtime(Tool::new("tool", two)).await;
    let early = answers(&[("a", named("Ann")), ("b", named("Bob")), ("unknown", named("Cid"))]);
    assert_eq!(text(leg(&runtime, Some(Resume { state: None, answers: early })).await.unwrap()), "Ann and Bob");
    let early = answers(&[("a", named("Ann")), ("b", json!({ "action": "accept", "content": {} }))]);
    let (keys, state) = asked(leg(&runtime, Some(Resume { state: None, answers: early })).await.unwrap());
    assert_eq!(keys, ["b"]);
    let rest = answers(&[("b", named("Bob"))]);
    let last = leg(&runtime, Some(Resume { state: Some(state), answers: rest })).await.unwrap();
    assert_eq!(text(last), "Ann and Bob");
}

#[tokio::test]
async fn a_key_that_stands_for_another_question_on_the_next_leg_fails_the_call() {
    use std::sync::atomic::{AtomicU32, Ordering};
    static LEGS: AtomicU32 = AtomicU32::new(0);
    let tool = Tool::new("tool", async |cx: Context, _: NoArgs| {
        let leg = LEGS.fetch_add(1, Ordering::SeqCst);
        if leg.is_multiple_of(2) {
            cx.elicit::<Name>("a", "?").await?;
        } else {
            cx.elicit::<Age>("a", "?").await?;
        }
        Ok("answered")
    });
    let runtime = runtime(tool).await;
    for answers in [BTreeMap::new(), answers(&[("a", named("Ann"))])] {
        let (_, state) = asked(leg(&runtime, None).await.unwrap());
        let next = leg(&runtime, Some(Resume { state: Some(state), answers })).await;
        assert!(matches!(next, Err(CallError::Masked)), "{next:?}");
    }
}

#[tokio::test]
async fn a_question_in_other_words_on_the_next_leg_is_the_same_question() {
    use std::sync::atomic::{AtomicU32, Ordering};
    static LEGS: AtomicU32 = AtomicU32::new(0);
    let tool = Tool::new("tool", async |cx: Context, _: NoArgs| {
        let leg = LEGS.fetch_add(1, Ordering::SeqCst);
        cx.elicit::<Name>("a", format!("question {leg}")).await?;
        Ok("answered")
    });
    let runtime = runtime(tool).await;
    let (_, state) = asked(leg(&runtime, None).await.unwrap());
    let again = leg(&runtime, Some(Resume { state: Some(state), answers: BTreeMap::new() })).await.unwrap();
    let CallOutcome::InputRequired { requests, state } = again else { panic!("{again:?}") };
    assert_eq!(requests["a"].params["message"], "question 0", "what was asked first stays");
    let last = Resume { state: Some(state), answers: answers(&[("a", named("Ann"))]) };
    assert_eq!(text(leg(&runtime, Some(last)).await.unwrap()), "answered");
}

#[tokio::test]
async fn what_the_client_cannot_be_asked_is_named_and_not_asked() {
    let tool = Tool::new("tool", async |cx: Context, _: NoArgs| {
        cx.sample("s", json!({ "messages": [], "maxTokens": 1 })).await?;
        Ok("sampled")
    });
    let runtime = runtime(tool).await;
    let refused = called(&runtime, ClientAbilities::default(), None, TaskMode::Unknown).await.unwrap_err().to_rpc();
    assert_eq!(refused.code, -32021);
    assert_eq!(refused.data, Some(json!({ "requiredCapabilities": { "sampling": {} } })));
}

#[tokio::test]
async fn a_call_that_asked_goes_on_as_a_task_with_its_answers_and_does_nothing_twice() {
    use std::sync::atomic::{AtomicU32, Ordering};
    static PLANS: AtomicU32 = AtomicU32::new(0);
    let tool = Tool::new("tool", async |cx: Context, _: NoArgs| {
        let plan: u32 = cx.once("plan", || async { Ok(PLANS.fetch_add(1, Ordering::SeqCst) + 1) }).await?;
        let name = ask(&cx, "a").await?;
        cx.detach().await;
        let task = cx.task_id().is_some();
        Ok(format!("{plan} {name} {task}"))
    });
    let runtime = runtime(tool.task(TaskPolicy::optional().detaches())).await;
    let detaching = |resume| called(&runtime, EVERYTHING, resume, TaskMode::Accepted);
    let (keys, state) = asked(detaching(None).await.unwrap());
    assert_eq!(keys, ["a"]);
    let resume = Some(Resume { state: Some(state), answers: answers(&[("a", named("Ann"))]) });
    let CallOutcome::Task(task) = detaching(resume).await.unwrap() else { panic!("not a task") };
    let outcome = runtime.local(Principal::Local("me".into())).task(task.id).result().await.unwrap();
    let TaskOutcome::Result(result) = outcome else { panic!("{outcome:?}") };
    assert_eq!(result["content"][0]["text"], "1 Ann true");
    // Where it cannot become a task it goes on as it is.
    let resume = Some(Resume { state: None, answers: answers(&[("a", named("Bob"))]) });
    assert_eq!(text(leg(&runtime, resume).await.unwrap()), "2 Bob false");
}
