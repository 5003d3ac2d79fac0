//! The runtime on every store, through the in-process client.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]
#![allow(clippy::future_not_send, reason = "a test runs on one thread")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use fastestmcp::{Stores, connect};
use fastestmcp_core::component::{NoArgs, TaskPolicy, Tool};
use fastestmcp_core::context::ToolError;
use fastestmcp_core::context::{Answer, Caller, Context, NoClient};
use fastestmcp_core::operation::{AskedTtl, CallError, CallOutcome, CallTool, FollowProgress, TaskMode};
use fastestmcp_core::principal::{AuthContext, OwnerFilter, Principal};
use fastestmcp_core::runtime::{LocalClient, Runtime, RuntimeConfig};
use fastestmcp_core::task::{Part, TaskOutcome, TaskStatus};
use serde_json::{Value, json};

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Confirm {
    ok: bool,
}

fn config() -> RuntimeConfig {
    let mut config = RuntimeConfig::default();
    config.lease = Duration::from_millis(600);
    config.park_after = Duration::from_millis(100);
    config.grace = Duration::from_millis(200);
    config.drain = Duration::from_millis(200);
    config
}

async fn node(stores: &Stores, tools: Vec<Tool>) -> Runtime {
    let mut builder = Runtime::builder(stores.clone()).config(config());
    for tool in tools {
        builder = builder.tool(tool);
    }
    let runtime = builder.build().await.unwrap();
    runtime.start();
    runtime
}

/// Runs a test on every kind of store.
async fn on_every_store<F: Future<Output = ()>>(test: impl Fn(Stores) -> F) {
    test(connect("memory:").await.unwrap()).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    test(connect(&format!("sqlite:{}", path.display())).await.unwrap()).await;
}

fn me(runtime: &Runtime) -> LocalClient {
    runtime.local(Principal::Local("me".into())).answering(|_, _| None)
}

fn text(outcome: &TaskOutcome) -> &str {
    match outcome {
        TaskOutcome::Result(result) => result["content"][0]["text"].as_str().unwrap(),
        other => panic!("no result: {other:?}"),
    }
}

fn reason(outcome: &TaskOutcome) -> &str {
    match outcome {
        TaskOutcome::Error(error) => error.data.as_ref().unwrap()["reason"].as_str().unwrap(),
        other => panic!("no error: {other:?}"),
    }
}

fn accept() -> Value {
    json!({"action": "accept", "content": {"ok": true}})
}

#[tokio::test]
async fn a_task_submitted_on_one_node_runs_and_is_followed_on_any() {
    on_every_store(async |stores| {
        let tool = || Tool::new("hello", async |_cx, _: NoArgs| Ok("hello")).task(TaskPolicy::required());
        let front = Runtime::builder(stores.clone()).tool(tool()).build().await.unwrap();
        let task = me(&front).start("hello", json!({})).await.unwrap();
        assert_eq!(task.view().await.unwrap().status, TaskStatus::Working);
        let worker = node(&stores, vec![tool()]).await;
        assert_eq!(text(&me(&worker).task(task.id().clone()).result().await.unwrap()), "hello");
        assert_eq!(text(&task.result().await.unwrap()), "hello");
    })
    .await;
}

#[tokio::test]
async fn somebody_elses_task_is_as_unknown_as_none() {
    on_every_store(async |stores| {
        let tool = Tool::new("hello", async |_cx, _: NoArgs| Ok("hello")).task(TaskPolicy::required());
        let runtime = node(&stores, vec![tool]).await;
        let task = me(&runtime).start("hello", json!({})).await.unwrap();
        let you = runtime.local(Principal::Local("you".into())).task(task.id().clone());
        assert!(matches!(you.view().await, Err(CallError::UnknownTask(_))));
        assert!(matches!(you.cancel().await, Err(CallError::UnknownTask(_))));
    })
    .await;
}

#[tokio::test]
async fn a_question_in_a_task_parks_it_and_the_answer_resumes_it_past_what_was_recorded() {
    static RUNS: AtomicU32 = AtomicU32::new(0);
    static PLANS: AtomicU32 = AtomicU32::new(0);
    async fn book(cx: Context, _: NoArgs) -> Result<String, ToolError> {
        RUNS.fetch_add(1, Ordering::SeqCst);
        let plan: u32 = cx.once("plan", || async { Ok(PLANS.fetch_add(1, Ordering::SeqCst) + 1) }).await?;
        match cx.elicit::<Confirm>("confirm", "Book?").await? {
            Answer::Accepted(confirm) if confirm.ok => Ok(format!("booked {plan}")),
            _ => Ok("not booked".to_owned()),
        }
    }
    on_every_store(async |stores| {
        RUNS.store(0, Ordering::SeqCst);
        PLANS.store(0, Ordering::SeqCst);
        let runtime = node(&stores, vec![Tool::new("book", book).task(TaskPolicy::required().rerun())]).await;
        let task = me(&runtime).start("book", json!({})).await.unwrap();
        let view = task.until(|view| view.status == TaskStatus::InputRequired).await.unwrap();
        assert_eq!(view.inputs["confirm"].params["message"], "Book?");
        let invalid = task.answer("confirm", json!({"action": "accept", "content": {"ok": "maybe"}})).await;
        assert!(matches!(invalid, Err(CallError::InvalidAnswer(_))));
        task.answer("unknown", accept()).await.unwrap();
        assert_eq!(task.view().await.unwrap().status, TaskStatus::InputRequired);
        // Parked: the worker has let go of it.
        tokio::time::sleep(Duration::from_millis(400)).await;
        task.answer("confirm", accept()).await.unwrap();
        assert_eq!(text(&task.result().await.unwrap()), "booked 1");
        assert_eq!((RUNS.load(Ordering::SeqCst), PLANS.load(Ordering::SeqCst)), (2, 1));
    })
    .await;
}

#[tokio::test]
async fn a_question_in_a_plain_call_is_asked_within_it() {
    on_every_store(async |stores| {
        let ask = async |cx: Context, _: NoArgs| match cx.elicit::<Confirm>("confirm", "Book?").await? {
            Answer::Accepted(confirm) => Ok(format!("{}", confirm.ok)),
            Answer::Declined => Ok("declined".to_owned()),
            Answer::Cancelled => Ok("cancelled".to_owned()),
        };
        let runtime = node(&stores, vec![Tool::new("ask", ask)]).await;
        let user = runtime.local(Principal::Local("me".into())).answering(|key, _| (key == "confirm").then(accept));
        assert_eq!(user.call("ask", json!({})).await.unwrap().content[0].as_text(), Some("true"));
        let nobody = runtime.local(Principal::Local("me".into()));
        let refused = nobody.call("ask", json!({})).await.unwrap();
        assert!(refused.is_error && refused.content[0].as_text().unwrap().contains("does not support"));
    })
    .await;
}

#[tokio::test]
async fn a_cancelled_task_is_terminal_at_once_and_its_handler_learns_of_it() {
    on_every_store(async |stores| {
        let (told, mut heard) = tokio::sync::mpsc::unbounded_channel();
        let wait = async |told: tokio::sync::mpsc::UnboundedSender<()>, cx: Context, _: NoArgs| {
            cx.cancelled().await;
            let _ = told.send(());
            Ok("too late")
        };
        let tool = Tool::with_state("wait", told, wait).task(TaskPolicy::required());
        let runtime = node(&stores, vec![tool]).await;
        let task = me(&runtime).start("wait", json!({})).await.unwrap();
        tokio::time::sleep(Duration::from_millis(50)).await;
        let cancelled = task.cancel().await.unwrap();
        assert_eq!(cancelled.task.status, TaskStatus::Cancelled);
        heard.recv().await.unwrap();
        assert!(task.cancel().await.unwrap().was_terminal);
        assert_eq!(task.result().await.unwrap(), TaskOutcome::Cancelled);
    })
    .await;
}

#[tokio::test]
async fn a_panic_a_timeout_and_an_unexpected_error_end_their_own_task_and_are_masked() {
    on_every_store(async |stores| {
        let panic = Tool::new("panic", async |_cx, _: NoArgs| {
            if true {
                panic!("secret")
            }
            Ok("")
        });
        let slow = Tool::new("slow", async |_cx, _: NoArgs| {
            std::future::pending::<()>().await;
            Ok("")
        });
        let broken =
            Tool::new("broken", async |_cx, _: NoArgs| Err::<String, _>(std::io::Error::other("secret").into()));
        let tools = vec![
            panic.task(TaskPolicy::required()),
            slow.task(TaskPolicy::required().run_timeout(Duration::from_millis(50))),
            broken.task(TaskPolicy::required()),
        ];
        let runtime = node(&stores, tools).await;
        for (tool, word) in [("panic", "panic"), ("slow", "run timeout"), ("broken", "tool failed")] {
            let outcome = me(&runtime).start(tool, json!({})).await.unwrap().result().await.unwrap();
            assert_eq!(reason(&outcome), word);
            assert!(!format!("{outcome:?}").contains("secret"));
        }
    })
    .await;
}

#[tokio::test]
async fn a_retry_runs_again_up_to_its_attempts() {
    static RUNS: AtomicU32 = AtomicU32::new(0);
    on_every_store(async |stores| {
        RUNS.store(0, Ordering::SeqCst);
        let flaky = async |_cx: Context, _: NoArgs| {
            if RUNS.fetch_add(1, Ordering::SeqCst) < 2 {
                return Err(ToolError::retry(Duration::from_millis(10), "not yet"));
            }
            Ok("done")
        };
        let tool = Tool::new("flaky", flaky).task(TaskPolicy::required().rerun());
        let runtime = node(&stores, vec![tool]).await;
        let outcome = me(&runtime).start("flaky", json!({})).await.unwrap().result().await.unwrap();
        assert_eq!(text(&outcome), "done");
        assert_eq!(RUNS.load(Ordering::SeqCst), 3);
    })
    .await;
}

#[tokio::test]
async fn an_orderly_stop_hands_back_what_may_rerun_and_fails_the_rest() {
    on_every_store(async |stores| {
        let (started, mut starts) = tokio::sync::mpsc::unbounded_channel::<&'static str>();
        type Started = tokio::sync::mpsc::UnboundedSender<&'static str>;
        let waits = |name: &'static str, started: Started| {
            let state = (name, started);
            Tool::with_state(name, state, async |(name, started): (&'static str, Started), cx: Context, _: NoArgs| {
                let again = cx.restored::<bool>()?.unwrap_or(false);
                cx.checkpoint(&true).await?;
                let _ = started.send(name);
                if !again {
                    std::future::pending::<()>().await;
                }
                Ok(name)
            })
        };
        let tools = || {
            vec![
                waits("again", started.clone()).task(TaskPolicy::required().rerun()),
                waits("once", started.clone()).task(TaskPolicy::required().never_rerun()),
            ]
        };
        let first = node(&stores, tools()).await;
        let again = me(&first).start("again", json!({})).await.unwrap();
        let once = me(&first).start("once", json!({})).await.unwrap();
        starts.recv().await.unwrap();
        starts.recv().await.unwrap();
        first.shutdown().await;
        assert_eq!(
            reason(&me(&first).task(once.id().clone()).view().await.unwrap().outcome.unwrap()),
            "worker stopped"
        );
        let second = node(&stores, tools()).await;
        assert_eq!(text(&me(&second).task(again.id().clone()).result().await.unwrap()), "again");
    })
    .await;
}

#[tokio::test]
async fn thirty_two_updates_over_two_nodes_lose_none() {
    on_every_store(async |stores| {
        let count = || {
            Tool::new("count", async |cx: Context, _: NoArgs| {
                Ok(cx.update_state("n", |n: Option<u64>| n.unwrap_or(0) + 1).await?.to_string())
            })
        };
        let nodes = [node(&stores, vec![count()]).await, node(&stores, vec![count()]).await];
        let calls = (0..32).map(|i| {
            let client = me(&nodes[i % 2]);
            tokio::spawn(async move { client.call("count", json!({})).await.unwrap() })
        });
        let calls: Vec<_> = calls.collect();
        let mut seen = Vec::new();
        for call in calls {
            seen.push(call.await.unwrap().content[0].as_text().unwrap().parse::<u64>().unwrap());
        }
        seen.sort_unstable();
        assert_eq!(seen, (1..=32).collect::<Vec<_>>());
    })
    .await;
}

#[tokio::test]
async fn a_request_local_value_shadows_and_never_reaches_the_store() {
    on_every_store(async |stores| {
        let tool = Tool::new("locals", async |cx: Context, _: NoArgs| {
            cx.set_state("k", "stored").await?;
            cx.set_request_local("k", Arc::new(7u32));
            assert!(cx.get_state::<String>("k").await.is_err(), "another type is an error, never the stored value");
            cx.set_state("k", "stored again").await?;
            assert_eq!(cx.get_state::<String>("k").await?.as_deref(), Some("stored again"));
            cx.set_request_local("k", "local".to_owned());
            assert_eq!(cx.get_state::<String>("k").await?.as_deref(), Some("local"));
            cx.delete_state("k").await?;
            Ok(format!("{:?}", cx.get_state::<String>("k").await?))
        });
        let runtime = node(&stores, vec![tool]).await;
        assert_eq!(me(&runtime).call("locals", json!({})).await.unwrap().content[0].as_text(), Some("None"));
    })
    .await;
}

#[tokio::test]
async fn fine_progress_reaches_another_node_by_event_and_the_last_one_lands_in_the_record() {
    on_every_store(async |stores| {
        let steps = || {
            let tool = Tool::new("steps", async |cx: Context, _: NoArgs| {
                for step in 1..=10 {
                    cx.progress(f64::from(step), Some(10.0), format!("step {step}"));
                    tokio::time::sleep(Duration::from_millis(60)).await;
                }
                Ok("done")
            });
            tool.task(TaskPolicy::required())
        };
        let (front, worker) = (node(&stores, vec![]).await, node(&stores, vec![steps()]).await);
        let caller = Caller::stateless(
            AuthContext::new(Principal::Local("me".into())),
            fastestmcp_core::task::ClientAbilities::default(),
        );
        let meta = serde_json::Map::from_iter([("progressToken".to_owned(), json!("token"))]);
        let call = CallTool::new("steps", serde_json::Map::new()).meta(meta);
        let call = call.tasks(TaskMode::Requested(AskedTtl::Default));
        let outcome = worker.handle(call, caller.clone(), Arc::new(NoClient)).await.unwrap();
        let CallOutcome::Task(task) = outcome else { panic!("{outcome:?}") };
        let follow = FollowProgress::new(task.id.clone());
        let mut feed = front.handle(follow, caller, Arc::new(NoClient)).await.unwrap().unwrap();
        assert_eq!(feed.token(), &json!("token"));
        let (first, second) = (feed.next().await.unwrap(), feed.next().await.unwrap());
        assert!(second.progress > first.progress, "{first:?} {second:?}");
        let ended = me(&front).task(task.id).until(|view| view.status.is_terminal()).await.unwrap();
        assert_eq!(ended.progress.unwrap().progress, 10.0);
        front.shutdown().await;
        let rest = async { while feed.next().await.is_ok() {} };
        tokio::time::timeout(Duration::from_secs(10), rest).await.expect("the feed ends with its node");
    })
    .await;
}

#[tokio::test]
async fn a_task_that_waits_when_its_node_stops_is_answered_and_ends_elsewhere() {
    async fn ask(cx: Context, _: NoArgs) -> Result<String, ToolError> {
        cx.checkpoint("asked").await?;
        match cx.elicit::<Confirm>("confirm", "Go on?").await? {
            Answer::Accepted(confirm) => Ok(confirm.ok.to_string()),
            _ => Ok("no".to_owned()),
        }
    }
    on_every_store(async |stores| {
        let tool = || Tool::new("ask", ask).task(TaskPolicy::required().rerun());
        let first = node(&stores, vec![tool()]).await;
        let task = me(&first).start("ask", json!({})).await.unwrap();
        task.until(|view| view.status == TaskStatus::InputRequired).await.unwrap();
        first.shutdown().await;
        let second = node(&stores, vec![tool()]).await;
        let task = me(&second).task(task.id().clone());
        assert_eq!(task.view().await.unwrap().status, TaskStatus::InputRequired);
        task.answer("confirm", accept()).await.unwrap();
        assert_eq!(text(&task.result().await.unwrap()), "true");
    })
    .await;
}

#[tokio::test]
async fn what_may_rerun_is_handed_back_without_waiting_for_the_drain_period() {
    on_every_store(async |stores| {
        let tool = || {
            let tool = Tool::new("wait", async |cx: Context, _: NoArgs| {
                cx.checkpoint("started").await?;
                std::future::pending::<()>().await;
                Ok("")
            });
            tool.task(TaskPolicy::required().rerun())
        };
        let mut patient = config();
        patient.drain = Duration::from_secs(3_600);
        let first = Runtime::builder(stores.clone()).config(patient).tool(tool()).build().await.unwrap();
        first.start();
        let task = me(&first).start("wait", json!({})).await.unwrap();
        let id = [task.id().clone()];
        let head = async || {
            let found = stores.tasks.get(&id, &OwnerFilter::Any, Part::Head).await.unwrap();
            found.value.into_iter().next().flatten().unwrap().head
        };
        while head().await.lease.is_none() {
            tokio::task::yield_now().await;
        }
        // The bound only keeps a failure from hanging.
        tokio::time::timeout(Duration::from_secs(20), first.shutdown()).await.expect("it waited for the drain period");
        let head = head().await;
        assert!(head.open && head.lease.is_none() && head.due.is_some(), "{head:?}");
    })
    .await;
}
