//! Nodes, tools and questions that the tests share.

use std::sync::Arc;
use std::time::Duration;

use fastestmcp::{Stores, connect};
use fastestmcp_core::component::Tool;
use fastestmcp_core::context::{Caller, NoClient};
use fastestmcp_core::ids::TaskId;
use fastestmcp_core::operation::{AskedTtl, CallError, CallOutcome, CallTool, Request, TaskMode, TaskView};
use fastestmcp_core::principal::{AuthContext, OwnerFilter, Principal};
use fastestmcp_core::runtime::{LocalClient, Runtime, RuntimeConfig};
use fastestmcp_core::session::{Scope, SessionRecord};
use fastestmcp_core::task::{ClientAbilities, Part, TaskOutcome, TaskRecord};
use serde_json::value::to_raw_value;
use serde_json::{Map, Value, json};

/// A bound that only keeps a failure from hanging.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

#[derive(serde::Deserialize, schemars::JsonSchema)]
pub(crate) struct Confirm {
    pub(crate) ok: bool,
}

pub(crate) fn accept() -> Value {
    json!({"action": "accept", "content": {"ok": true}})
}

pub(crate) fn config() -> RuntimeConfig {
    let mut config = RuntimeConfig::default();
    config.lease = Duration::from_millis(900);
    config.park_after = Duration::from_millis(100);
    config.grace = Duration::from_millis(200);
    config.drain = Duration::from_millis(200);
    config
}

pub(crate) async fn built(stores: Stores, config: RuntimeConfig, tools: Vec<Tool>) -> Runtime {
    let mut builder = Runtime::builder(stores).config(config);
    for tool in tools {
        builder = builder.tool(tool);
    }
    builder.build().await.unwrap()
}

pub(crate) async fn node(stores: Stores, tools: Vec<Tool>) -> Runtime {
    let runtime = built(stores, config(), tools).await;
    runtime.start();
    runtime
}

/// Runs a test on every store that needs no server.
pub(crate) async fn on_every_store<F: Future<Output = ()>>(test: impl Fn(Stores) -> F) {
    test(connect("memory:").await.unwrap()).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    test(connect(&format!("sqlite:{}", path.display())).await.unwrap()).await;
}

pub(crate) fn me() -> Principal {
    Principal::Local("me".into())
}

pub(crate) fn client(runtime: &Runtime) -> LocalClient {
    runtime.local(me()).answering(|_, _| None)
}

pub(crate) fn caller(principal: Principal) -> Caller {
    Caller::stateless(AuthContext::new(principal), ClientAbilities::default())
}

/// What a client that cannot be asked gets.
pub(crate) async fn ask<R: Request + Clone>(
    runtime: &Runtime,
    caller: &Caller,
    request: R,
) -> Result<R::Answer, CallError> {
    runtime.handle(request, caller.clone(), Arc::new(NoClient)).await
}

/// A tool without arguments as a task.
pub(crate) async fn submit(runtime: &Runtime, caller: &Caller, tool: &str) -> Result<TaskView, CallError> {
    submitted(runtime, caller, CallTool::new(tool, Map::new()), AskedTtl::Default).await
}

pub(crate) async fn submitted(
    runtime: &Runtime,
    caller: &Caller,
    call: CallTool,
    ttl: AskedTtl,
) -> Result<TaskView, CallError> {
    match ask(runtime, caller, call.tasks(TaskMode::Requested(ttl))).await? {
        CallOutcome::Task(task) => Ok(*task),
        other => panic!("no task: {other:?}"),
    }
}

pub(crate) fn text(outcome: &TaskOutcome) -> &str {
    match outcome {
        TaskOutcome::Result(result) => result["content"][0]["text"].as_str().unwrap(),
        other => panic!("no result: {other:?}"),
    }
}

pub(crate) fn reason(outcome: &TaskOutcome) -> &str {
    match outcome {
        TaskOutcome::Error(error) => error.data.as_ref().unwrap()["reason"].as_str().unwrap(),
        other => panic!("no error: {other:?}"),
    }
}

pub(crate) async fn record(stores: &Stores, id: &TaskId) -> Option<TaskRecord> {
    let found = stores.tasks.get(std::slice::from_ref(id), &OwnerFilter::Any, Part::All).await.unwrap();
    found.value.into_iter().next().flatten()
}

/// Waits until the record of a task is as it should be.
pub(crate) async fn until(stores: &Stores, id: &TaskId, holds: impl Fn(&TaskRecord) -> bool) -> TaskRecord {
    let look = async {
        loop {
            if let Some(record) = record(stores, id).await
                && holds(&record)
            {
                return record;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, look).await.expect("the record never came to be so")
}

/// Ends in time, or the test fails instead of hanging.
pub(crate) async fn in_time<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.expect("it hangs")
}

/// A live session of the 2025 wire, and a caller in it.
pub(crate) async fn session(runtime: &Runtime, principal: Principal) -> (String, Caller) {
    let initialize = to_raw_value(&json!({})).unwrap();
    let record = SessionRecord::new(principal.clone(), "2025-11-25".into(), initialize);
    let id = runtime.sessions().create(&record).await.unwrap();
    let mut caller = Caller::in_session(
        AuthContext::new(principal.clone()),
        Scope::session(&principal, &id).id,
        ClientAbilities::default(),
    );
    // As the transport has it from the session's own load.
    caller.visibility = Some(Arc::default());
    (id, caller)
}
