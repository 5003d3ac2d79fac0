//! A client is asked only what it said it can answer: `elicitation` with `url` alone shows no forms.

use serde_json::{Value, json};

use crate::client::Answer;
use crate::eras::{Era, Session, Stateless};
use crate::scene::{Served, tools};

fn shows_no_forms() -> [Value; 2] {
    [json!({}), json!({ "elicitation": { "url": {} } })]
}

#[track_caller]
fn is_told(answer: &Answer) {
    assert_eq!(answer.result()["isError"], true, "{answer:?}");
    assert_eq!(answer.text(), "the client does not support elicitation/create");
}

#[test]
fn a_session_that_shows_no_forms_is_not_asked_to() {
    let served = Served::new(tools());
    for capabilities in shows_no_forms() {
        let session = Session::declaring(&served.http(), &capabilities);
        let mut call = session.ask("tools/call", json!({ "name": "greet" }));
        let first = call.next().unwrap();
        assert!(first.get("method").is_none(), "{capabilities}: {first}");
        is_told(&Answer { status: 200, message: first });
        let task = session.start("greet-later");
        let mut waiting = session.ask("tasks/result", json!({ "taskId": task }));
        let first = waiting.next().unwrap();
        is_told(&Answer { status: 200, message: first });
    }
}

#[test]
fn a_stateless_client_that_shows_no_forms_is_told_what_it_lacks() {
    let served = Served::new(tools());
    for capabilities in shows_no_forms() {
        let stateless = Stateless::declaring(&served.http(), &capabilities);
        let refused = stateless.call("greet", json!({}));
        assert_eq!(refused.code(), -32021, "{capabilities}");
        let data = &refused.error()["data"];
        assert_eq!(data["requiredCapabilities"], json!({ "elicitation": {} }), "{capabilities}");
        let task = stateless.start("greet-later");
        let told = stateless.until(&task, "completed");
        let result = &told.result()["result"];
        assert_eq!(result["isError"], true, "{told:?}");
        assert_eq!(result["content"][0]["text"], "the client does not support elicitation/create", "{told:?}");
    }
}

#[test]
fn a_client_that_names_forms_or_nothing_of_elicitation_is_asked_in_forms() {
    let served = Served::new(tools());
    for elicitation in [json!({}), json!({ "form": {} }), json!({ "form": {}, "url": {} })] {
        let capabilities = json!({ "elicitation": elicitation });
        let session = Session::declaring(&served.http(), &capabilities);
        let mut call = session.ask("tools/call", json!({ "name": "greet" }));
        let asked = call.next().unwrap();
        assert_eq!(asked["method"], "elicitation/create", "{capabilities}: {asked}");
        session.reply(&asked, "ada");
        assert_eq!(call.answer().text(), "hello ada");
        let stateless = Stateless::declaring(&served.http(), &capabilities);
        let asked = stateless.call("greet", json!({}));
        assert_eq!(asked.result()["inputRequests"]["name"]["method"], "elicitation/create", "{asked:?}");
    }
}
