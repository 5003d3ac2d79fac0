//! One door: whatever way a request comes in, it passes the middleware of the server, and so does each run of a task.

use std::sync::Arc;

use fastestmcp::prelude::*;
use fastestmcp::{Call, CallError, Middleware, Next, Operation, Outcome, TaskOutcome, async_trait};
use parking_lot::Mutex;
use serde_json::json;

use crate::eras::{Era, Session, Stateless, accept, both};
use crate::scene::{Served, tools, user};

/// Writes down what comes by, under a name.
#[derive(Clone, Default)]
struct Seen(&'static str, Arc<Mutex<Vec<String>>>);

impl Seen {
    fn named(&self, name: &'static str) -> Self {
        Self(name, self.1.clone())
    }

    /// What came by since the last look.
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.1.lock())
    }

    /// What came by since, each once and in alphabetical order: clients poll as often as they like.
    #[track_caller]
    fn assert(&self, expected: &[&str]) {
        let mut seen = self.take();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen, expected);
    }
}

#[async_trait]
impl Middleware for Seen {
    async fn handle(&self, call: Call, next: Next) -> Result<Outcome, CallError> {
        self.1.lock().push(format!("{}{}", self.0, call.operation.method()));
        next.run(call).await
    }
}

/// A server whose middleware refuses what `refuses` says, with this error.
fn refusing(refuses: fn(&Operation) -> bool, error: fn() -> CallError) -> Served {
    let middleware = move |call: Call, next: Next| async move {
        if refuses(&call.operation) { Err(error()) } else { next.run(call).await }
    };
    Served::new(tools().middleware(middleware))
}

#[test]
fn a_middleware_sees_every_operation_of_a_session() {
    let seen = Seen::default();
    let served = Served::new(tools().middleware(seen.clone()));
    let session = Session::begin(&served.http());
    seen.assert(&[]);
    session.request("tools/list", json!({})).result();
    seen.assert(&["tools/list"]);
    session.call("visit", json!({})).result();
    seen.assert(&["tools/call"]);
    let task = session.start("greet-later");
    session.until(&task, "input_required");
    seen.assert(&["tasks/get", "tasks/run", "tools/call"]);
    session.request("tasks/list", json!({})).result();
    seen.assert(&["tasks/list"]);
    let mut waiting = session.ask("tasks/result", json!({ "taskId": task }));
    let asked = waiting.next().unwrap();
    seen.assert(&["notifications/progress", "tasks/result"]);
    session.reply(&asked, "ada");
    assert_eq!(waiting.answer().text(), "hello ada");
    let answered = seen.take();
    assert!(answered.contains(&"tasks/update".to_owned()), "{answered:?}");
    session.about("tasks/cancel", &task).error();
    seen.assert(&["tasks/cancel"]);
    let listening = session.http().send("GET", Vec::new());
    assert_eq!(listening.status, 200);
    seen.assert(&["subscriptions/listen"]);
    drop(session.http().with("last-event-id", "0").send("GET", Vec::new()));
    seen.assert(&["subscriptions/listen"]);
}

#[test]
fn a_middleware_sees_every_operation_of_stateless_clients() {
    let seen = Seen::default();
    let served = Served::new(tools().middleware(seen.clone()));
    let stateless = Stateless::new(&served.http());
    stateless.request("tools/list", json!({})).result();
    seen.assert(&["tools/list"]);
    stateless.call("greet", json!({})).result();
    seen.assert(&["tools/call"]);
    let task = stateless.start("greet-later");
    stateless.until(&task, "input_required");
    seen.assert(&["tasks/get", "tasks/run", "tools/call"]);
    let listen = json!({ "notifications": { "taskIds": [task] } });
    stateless.ask("subscriptions/listen", listen).next().unwrap();
    seen.assert(&["subscriptions/listen", "tasks/result"]);
    let answers = json!({ "taskId": task, "inputResponses": { "name": accept("ada") } });
    stateless.request("tasks/update", answers).result();
    stateless.until(&task, "completed");
    let answered = seen.take();
    assert!(answered.contains(&"tasks/update".to_owned()), "{answered:?}");
    stateless.about("tasks/cancel", &task).result();
    seen.assert(&["tasks/cancel"]);
}

#[tokio::test]
async fn a_middleware_sees_every_operation_of_a_client_in_process_and_of_the_worker() {
    let seen = Seen::default();
    let server = tools().middleware(seen.clone()).stores(connect("memory:").await.unwrap()).build().unwrap();
    let client = server.local(user("ada")).await.unwrap().answering(|_, _| None);
    client.call("name", json!({ "name": "x" })).await.unwrap_err();
    client.call("visit", json!({})).await.unwrap();
    seen.assert(&["tools/call"]);
    let task = client.start("greet-later", json!({})).await.unwrap();
    task.until(|view| view.inputs.contains_key("name")).await.unwrap();
    task.answer("name", accept("ada")).await.unwrap();
    assert!(matches!(task.result().await.unwrap(), TaskOutcome::Result(_)));
    task.view().await.unwrap();
    assert!(task.cancel().await.unwrap().was_terminal);
    seen.assert(&["tasks/cancel", "tasks/get", "tasks/result", "tasks/run", "tasks/update", "tools/call"]);
}

#[test]
fn middleware_runs_in_the_order_it_was_added() {
    let seen = Seen::default();
    let named = |name| seen.named(name);
    let served = Served::new(tools().middleware(named("1 ")).middleware(named("2 ")).middleware(named("3 ")));
    for era in both(&served.http()) {
        era.request("tools/list", json!({})).result();
        assert_eq!(seen.take(), ["1 tools/list", "2 tools/list", "3 tools/list"]);
    }
}

#[test]
fn what_a_middleware_refuses_is_refused_in_its_words() {
    let refused = || CallError::InvalidParams("not on Sundays".to_owned());
    let served = refusing(|operation| operation.method() != "tasks/run", refused);
    let session = Session::begin(&served.http());
    let clients: [&dyn Era; 2] = [&session, &Stateless::new(&served.http())];
    for era in clients {
        for answer in [
            era.request("tools/list", json!({})),
            era.call("visit", json!({})),
            era.about("tasks/get", "task-1"),
            era.about("tasks/cancel", "task-1"),
        ] {
            assert_eq!((answer.code(), &answer.error()["message"]), (-32602, &json!("not on Sundays")));
        }
    }
    for method in ["tasks/list", "tasks/result"] {
        assert_eq!(session.about(method, "task-1").error()["message"], "not on Sundays");
    }
    let mut stream = session.http().send("GET", Vec::new());
    assert_eq!((stream.status, &stream.next().unwrap()["error"]["message"]), (403, &json!("not on Sundays")));
    let listen = json!({ "notifications": { "taskIds": ["task-1"] } });
    let refused = Stateless::new(&served.http()).request("subscriptions/listen", listen);
    assert_eq!(refused.error()["message"], "not on Sundays");
}

#[test]
fn a_run_that_a_middleware_refuses_fails_once_and_says_why() {
    for (error, code, message) in [
        (CallError::InvalidParams as fn(String) -> CallError, -32602, "no runs today"),
        (|_| CallError::Masked, -32603, "Internal error"),
    ] {
        let runs = Seen::default();
        let refuse = move |call: Call, next: Next| async move {
            match call.operation {
                Operation::RunTask(_) => Err(error("no runs today".to_owned())),
                _ => next.run(call).await,
            }
        };
        // Also one that would be run again if its worker were lost.
        let served = Served::new(tools().middleware(runs.clone()).middleware(refuse));
        let stateless = Stateless::new(&served.http());
        for tool in ["greet-later", "work"] {
            let task = stateless.start(tool);
            let failed = stateless.until(&task, "failed");
            assert_eq!(failed.result()["error"]["code"], code, "{failed:?}");
            assert_eq!(failed.result()["error"]["message"], message, "{failed:?}");
            let runs = runs.take().into_iter().filter(|method| method == "tasks/run").count();
            assert_eq!(runs, 1);
        }
    }
}

#[test]
fn a_middleware_that_answers_a_run_itself_ends_it() {
    let skip = |call: Call, next: Next| async move {
        match call.operation {
            Operation::RunTask(_) => Ok(Outcome::RunTask(())),
            _ => next.run(call).await,
        }
    };
    let served = Served::new(tools().middleware(skip));
    let stateless = Stateless::new(&served.http());
    let task = stateless.start("work");
    let failed = stateless.until(&task, "failed");
    assert_eq!(failed.result()["error"]["data"]["reason"], "not run", "{failed:?}");
}

/// Panics for one tool and for one run, in whichever part it has.
struct Panics;

#[async_trait]
impl Middleware for Panics {
    async fn handle(&self, call: Call, next: Next) -> Result<Outcome, CallError> {
        match &call.operation {
            Operation::CallTool(tool) if tool.name == "visit" => panic!("a secret of the middleware"),
            Operation::RunTask(run) if run.tool == "work" => panic!("a secret of the middleware"),
            Operation::ListTools(_) => {
                let _ = next.run(call).await;
                panic!("a secret of the middleware")
            }
            _ => next.run(call).await,
        }
    }
}

#[test]
fn a_middleware_that_panics_ends_that_call_masked_and_nothing_else() {
    let served = Served::new(tools().middleware(Panics));
    let session = Session::begin(&served.http());
    let clients: [&dyn Era; 2] = [&session, &Stateless::new(&served.http())];
    for era in clients {
        for answer in [era.call("visit", json!({})), era.request("tools/list", json!({}))] {
            assert_eq!((answer.code(), &answer.error()["data"]["reason"]), (-32603, &json!("panic")), "{answer:?}");
            assert!(!answer.message.to_string().contains("secret"));
        }
        let kept = era.call("keep", json!({ "handle": "x" }));
        assert_eq!(era.call("open", json!({ "handle": kept.text() })).text(), "x");
        let task = era.start("work");
        era.until(&task, "failed");
        let task = era.start("greet-later");
        era.until(&task, "input_required");
    }
}

#[test]
fn a_middleware_that_answers_something_else_ends_that_call_masked() {
    let confused = |call: Call, next: Next| async move {
        match call.operation {
            Operation::ListTools(_) => Ok(Outcome::RunTask(())),
            _ => next.run(call).await,
        }
    };
    let served = Served::new(tools().middleware(confused));
    for era in both(&served.http()) {
        assert_eq!(era.request("tools/list", json!({})).code(), -32603);
        era.call("keep", json!({ "handle": "x" })).result();
    }
}
