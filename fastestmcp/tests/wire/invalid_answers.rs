//! An answer that does not fit the question is not the end of it: it is asked again, and the client is told why.

use fastestmcp::prelude::*;
use serde_json::{Value, json};

use crate::client::Response;
use crate::eras::{Era, Session, Stateless, accept};
use crate::scene::{Name, Served, tools};

/// How often a client is asked the same.
const TIMES: usize = 3;

fn wrong() -> Value {
    json!({ "action": "accept", "content": { "name": 7 } })
}

/// The next question on a stream.
#[track_caller]
fn asked(stream: &mut Response) -> Value {
    let message = stream.next().unwrap();
    assert_eq!(message["method"], "elicitation/create", "{message}");
    message
}

#[track_caller]
fn is_asked_again(asked: &Value) {
    let message = asked["params"]["message"].as_str().unwrap();
    assert!(message.starts_with("Who are you?") && message.contains("name is not of type"), "{message}");
}

#[test]
fn a_call_asks_again_after_an_answer_that_does_not_fit_and_says_why() {
    let served = Served::new(tools());
    let session = Session::begin(&served.http());
    let mut call = session.ask("tools/call", json!({ "name": "greet" }));
    let first = asked(&mut call);
    assert_eq!(first["params"]["message"], "Who are you?");
    session.reply_with(&first, &wrong());
    let second = asked(&mut call);
    is_asked_again(&second);
    assert_ne!(first["id"], second["id"]);
    session.reply(&second, "ada");
    assert_eq!(call.answer().text(), "hello ada");
}

#[test]
fn a_call_does_not_ask_for_ever() {
    let served = Served::new(tools());
    let session = Session::begin(&served.http());
    let mut call = session.ask("tools/call", json!({ "name": "greet" }));
    for _ in 0..TIMES {
        let question = asked(&mut call);
        session.reply_with(&question, &wrong());
    }
    let refused = call.answer();
    assert_eq!(refused.result()["isError"], true, "{refused:?}");
    let told = "the client failed to answer: the answer to \"name\" is not valid: name is not of type \"string\"";
    assert_eq!(refused.text(), told);
}

#[test]
fn a_call_that_a_person_declines_is_not_asked_again() {
    let served = Served::new(tools());
    let session = Session::begin(&served.http());
    for action in ["decline", "cancel"] {
        let mut call = session.ask("tools/call", json!({ "name": "greet" }));
        let question = asked(&mut call);
        session.reply_with(&question, &json!({ "action": action }));
        assert_eq!(call.answer().text(), "nobody");
    }
}

#[test]
fn a_task_asks_again_after_an_answer_that_does_not_fit_and_says_why() {
    let served = Served::new(tools());
    let session = Session::begin(&served.http());
    let task = session.start("greet-later");
    session.until(&task, "input_required");
    let mut waiting = session.ask("tasks/result", json!({ "taskId": task }));
    let first = asked(&mut waiting);
    session.reply_with(&first, &wrong());
    let second = asked(&mut waiting);
    is_asked_again(&second);
    assert_eq!(second["params"]["_meta"]["io.modelcontextprotocol/related-task"]["taskId"], task.as_str());
    session.reply(&second, "ada");
    assert_eq!(waiting.answer().text(), "hello ada");
}

#[test]
fn a_task_asks_again_after_an_error_of_the_client() {
    let served = Served::new(tools());
    let session = Session::begin(&served.http());
    let task = session.start("greet-later");
    session.until(&task, "input_required");
    let mut waiting = session.ask("tasks/result", json!({ "taskId": task }));
    let first = asked(&mut waiting);
    let error = json!({ "code": -32603, "message": "the window was closed" });
    session.say(&json!({ "jsonrpc": "2.0", "id": first["id"], "error": error }));
    let second = asked(&mut waiting);
    assert!(second["params"]["message"].as_str().unwrap().contains("the window was closed"), "{second}");
    session.reply(&second, "ada");
    assert_eq!(waiting.answer().text(), "hello ada");
}

#[test]
fn whoever_waits_for_a_task_is_told_when_it_is_asked_no_more_and_the_question_stays_open() {
    let served = Served::new(tools());
    let session = Session::begin(&served.http());
    let task = session.start("greet-later");
    session.until(&task, "input_required");
    let mut waiting = session.ask("tasks/result", json!({ "taskId": task }));
    for _ in 0..TIMES {
        let question = asked(&mut waiting);
        session.reply_with(&question, &wrong());
    }
    let refused = waiting.answer();
    assert_eq!(refused.code(), -32602, "{refused:?}");
    let told = "the answer to \"name\" is not valid: name is not of type \"string\"";
    assert_eq!(refused.error()["message"], told);
    session.until(&task, "input_required");
    let mut waiting = session.ask("tasks/result", json!({ "taskId": task }));
    let question = asked(&mut waiting);
    assert_eq!(question["params"]["message"], "Who are you?");
    session.reply(&question, "ada");
    assert_eq!(waiting.answer().text(), "hello ada");
}

/// Asks for two names at once.
async fn introduce(cx: Context, _: NoArgs) -> Result<String, ToolError> {
    let (one, two) = tokio::join!(cx.elicit::<Name>("one", "The one?"), cx.elicit::<Name>("two", "The other?"));
    match (one?, two?) {
        (Answer::Accepted(one), Answer::Accepted(two)) => Ok(format!("{} and {}", one.name, two.name)),
        _ => Ok("nobody".to_owned()),
    }
}

#[test]
fn an_update_takes_parts_ignores_unknown_keys_and_says_what_does_not_fit() {
    let introduce = Tool::new("introduce", introduce).task(TaskPolicy::required().rerun());
    let served = Served::new(tools().tool(introduce));
    let stateless = Stateless::new(&served.http());
    let task = stateless.start("introduce");
    stateless.until(&task, "input_required");
    let update =
        |answers: Value| stateless.request("tasks/update", json!({ "taskId": task, "inputResponses": answers }));
    let open = || {
        let asked = stateless.about("tasks/get", &task);
        asked.result()["inputRequests"].as_object().map_or(Vec::new(), |open| open.keys().cloned().collect::<Vec<_>>())
    };
    let refused = update(json!({ "one": wrong() }));
    let told = "the answer to \"one\" is not valid: name is not of type \"string\"";
    assert_eq!((refused.code(), &refused.error()["message"]), (-32602, &json!(told)));
    assert_eq!(open(), ["one", "two"]);
    update(json!({ "three": accept("x"), "one": accept("ada") })).result();
    assert_eq!(open(), ["two"]);
    // What was answered once is answered.
    update(json!({ "one": accept("eve"), "two": accept("grace") })).result();
    let done = stateless.until(&task, "completed");
    assert_eq!(done.result()["result"]["content"][0]["text"], "ada and grace", "{done:?}");
}

#[test]
fn a_suspended_call_asks_again_for_what_does_not_fit_and_says_why() {
    let served = Served::new(tools());
    let stateless = Stateless::new(&served.http());
    let first = stateless.call("greet", json!({}));
    let leg = |state: &Value, answer: Value| {
        let answers = json!({ "name": answer });
        let params = json!({ "name": "greet", "arguments": {}, "inputResponses": answers, "requestState": state });
        stateless.request("tools/call", params)
    };
    let second = leg(&first.result()["requestState"], wrong());
    is_asked_again(&second.result()["inputRequests"]["name"]);
    // The reason is that of the last answer, once.
    let third = leg(&second.result()["requestState"], wrong());
    assert_eq!(third.result()["inputRequests"]["name"], second.result()["inputRequests"]["name"]);
    assert_eq!(leg(&third.result()["requestState"], accept("ada")).text(), "hello ada");
}
