//! Places of those that wait for results of tasks.

use fastestmcp::prelude::*;
use fastestmcp::{RuntimeConfig, ServerBuilder};
use serde_json::json;

use crate::client::Response;
use crate::eras::{Era, Session};
use crate::scene::{Name, Served};

async fn greet(cx: Context, _: NoArgs) -> Result<String, ToolError> {
    match cx.elicit::<Name>("name", "Who are you?").await? {
        Answer::Accepted(Name { name }) => Ok(format!("hello {name}")),
        _ => Ok("nobody".to_owned()),
    }
}

/// Two may wait at once.
fn two_places() -> ServerBuilder {
    Server::builder("waits")
        .tool(Tool::new("greet", greet).task(TaskPolicy::required()))
        .runtime(RuntimeConfig::default().max_waiters(2))
}

/// What is waited for, and the first of its stream.
fn wait(session: &Session, task: &str) -> (Response, serde_json::Value) {
    let mut waiting = session.ask("tasks/result", json!({ "taskId": task }));
    let asked = waiting.next().unwrap_or_else(|| panic!("nothing is said"));
    (waiting, asked)
}

#[test]
fn a_client_that_leaves_gives_up_its_place_and_gets_the_result_when_it_comes_back() {
    let served = Served::new(two_places());
    let session = Session::begin(&served.http());
    let task = session.start("greet");
    session.until(&task, "input_required");
    let mut left = Vec::new();
    for _ in 0..6 {
        let began = std::time::Instant::now();
        // A place is free as soon as it is noticed that its client has left.
        let (waiting, asked) = loop {
            let (waiting, asked) = wait(&session, &task);
            if asked["error"]["code"] != 429 {
                break (waiting, asked);
            }
            assert!(began.elapsed() < std::time::Duration::from_secs(10), "{asked}");
        };
        assert_eq!(asked["method"], "elicitation/create", "{asked}");
        left.push((waiting.last_id().unwrap(), asked));
        drop(waiting);
    }
    let (last, asked) = &left[0];
    let mut resumed = session.http().with("last-event-id", last).send("GET", Vec::new());
    // It has a place again: only one more may wait.
    let (other, _) = wait(&session, &task);
    assert_eq!(session.request("tasks/result", json!({ "taskId": task })).code(), 429);
    assert_eq!(session.reply(asked, "Ada").status, 202);
    let answer = resumed.next().unwrap();
    assert_eq!(answer["result"]["content"][0]["text"], "hello Ada", "it is not asked again: {answer}");
    assert_eq!(other.answer().text(), "hello Ada");
}
