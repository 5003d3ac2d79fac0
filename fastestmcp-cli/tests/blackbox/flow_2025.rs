//! The client flow of 2025-11-25, killed in between.

use std::collections::HashSet;

use serde_json::{Value, json};

use crate::support::{Client, Client2025, Http, Link, Stdio, left, until};

const RELATED: &str = "io.modelcontextprotocol/related-task";

over_all!(
    values_survive_a_kill,
    a_task_goes_on_from_its_checkpoint_after_a_kill,
    a_cancelled_task_stays_cancelled,
    input_is_asked_on_the_stream_of_the_result,
    the_list_is_walked_page_by_page_over_a_kill,
);

fn values_survive_a_kill<L: Link>(link: L) {
    let mut client = Client2025::new(link);
    assert_eq!(client.call("visit", json!({})).structured(), &json!({ "visits": 1 }));
    assert_eq!(client.call("visit", json!({})).structured(), &json!({ "visits": 2 }));
    client.crash();
    assert_eq!(client.call("visit", json!({})).structured(), &json!({ "visits": 3 }));
}

fn a_task_goes_on_from_its_checkpoint_after_a_kill<L: Link>(link: L) {
    let mut client = Client2025::new(link);
    let arguments = json!({ "from": 12, "step_ms": 150 });
    let answer = client.submit("countdown", arguments, json!({ "ttl": 60_000 }));
    let task = &answer.result()["task"];
    assert_eq!((&task["status"], &task["ttl"]), (&json!("working"), &json!(60_000)));
    assert!(task["pollInterval"].is_u64() && task["createdAt"].is_string() && task["lastUpdatedAt"].is_string());
    let id = task["taskId"].as_str().unwrap().to_owned();
    let before = until("some steps", || left(&client.task(&id)).filter(|left| *left <= 10));
    client.crash();
    let task = client.task(&id);
    assert_eq!(task["status"], "working", "{task}");
    until("a step after the kill", || match left(&client.task(&id)) {
        Some(left) if left > before => panic!("at {left} after the kill, at {before} before it"),
        left => left.filter(|left| *left < before),
    });
    let answer = client.about("tasks/result", &id);
    assert_eq!(answer.text(), ("liftoff", false));
    assert_eq!(answer.result()["_meta"][RELATED], json!({ "taskId": id }));
    assert_eq!(client.task(&id)["status"], "completed");
    assert_eq!(client.about("tasks/result", &id).text(), ("liftoff", false));
}

fn a_cancelled_task_stays_cancelled<L: Link>(link: L) {
    let mut client = Client2025::new(link);
    let id = client.start("countdown", json!({ "from": 1_000, "step_ms": 100 }));
    until("the first step", || left(&client.task(&id)).filter(|left| *left < 1_000));
    let answer = client.about("tasks/cancel", &id);
    assert_eq!((&answer.result()["taskId"], &answer.result()["status"]), (&json!(id), &json!("cancelled")));
    assert_eq!(client.task(&id)["status"], "cancelled");
    client.crash();
    let task = client.task(&id);
    assert_eq!(task["status"], "cancelled");
    assert_eq!(client.about("tasks/cancel", &id).code(), -32602);
    assert!(client.about("tasks/result", &id).code() > 0);
    assert_eq!(client.task(&id), task);
}

fn input_is_asked_on_the_stream_of_the_result<L: Link>(link: L) {
    let mut client = Client2025::new(link);
    let id = client.start("book_trip", json!({ "city": "Rome" }));
    until("the question", || (client.task(&id)["status"] == "input_required").then_some(()));
    client.crash();
    assert_eq!(client.task(&id)["status"], "input_required");
    let yes = json!({ "action": "accept", "content": { "ok": true } });
    let (answer, asked) = client.result_answering(&id, &yes);
    assert_eq!(answer.text(), ("booked Rome", false));
    let [question] = &asked[..] else { panic!("asked {asked:?}") };
    assert_eq!(question["method"], "elicitation/create");
    let params = &question["params"];
    assert_eq!(params["_meta"][RELATED], json!({ "taskId": id }));
    assert_eq!(params["message"], "Book a trip to Rome?");
    assert_eq!(params["requestedSchema"]["properties"]["ok"]["type"], "boolean");
    assert_eq!(client.task(&id)["status"], "completed");

    for no in [json!({ "action": "decline" }), json!({ "action": "accept", "content": { "ok": false } })] {
        let id = client.start("book_trip", json!({ "city": "Oslo" }));
        assert_eq!(client.result_answering(&id, &no).0.text(), ("not booked", false));
    }
}

fn the_list_is_walked_page_by_page_over_a_kill<L: Link>(link: L) {
    let mut client = Client2025::new(link);
    let made: Vec<String> = (0..105).map(|_| client.start("countdown", json!({ "from": 0 }))).collect();
    let first = client.request("tasks/list", json!({})).result().clone();
    let cursor = first["nextCursor"].as_str().unwrap().to_owned();
    client.crash();
    let second = client.request("tasks/list", json!({ "cursor": cursor })).result().clone();
    assert!(second.get("nextCursor").is_none());
    let tasks = || first["tasks"].as_array().unwrap().iter().chain(second["tasks"].as_array().unwrap());
    let listed: Vec<&str> = tasks().map(|task| task["taskId"].as_str().unwrap()).collect();
    assert_eq!(listed.len(), made.len());
    assert_eq!(HashSet::<&str>::from_iter(listed), made.iter().map(String::as_str).collect());
    let created: Vec<&str> = tasks().map(|task| task["createdAt"].as_str().unwrap()).collect();
    assert!(created.is_sorted_by(|a, b| a >= b), "not newest first");
}

/// Only HTTP has sessions that end.
mod session {
    use super::*;

    #[test]
    fn a_session_survives_a_kill_and_ends_with_delete() {
        let mut client = Client2025::new(Http::open());
        let task = client.start("countdown", json!({ "from": 1_000 }));
        client.crash();
        assert_eq!(client.task(&task)["status"], "working");
        let session = client.session().to_owned();
        assert!(matches!(client.link().delete(&session), 200 | 202 | 204));
        let get = json!({ "jsonrpc": "2.0", "id": 7, "method": "tasks/get", "params": { "taskId": task } });
        assert_eq!(client.send(&get, &mut |_| None).unwrap().status, 404);
        client.crash();
        assert_eq!(client.send(&get, &mut |_| None).unwrap().status, 404);
        assert_eq!(client.link().delete(&session), 404);
        let other = Client2025::new(client.link().another()).about("tasks/get", &task);
        assert_eq!((other.status, other.code()), (200, -32602));
    }

    #[test]
    fn a_question_is_asked_again_with_a_new_id_after_a_kill() {
        let mut client = Client2025::new(Http::open());
        let id = client.start("book_trip", json!({ "city": "Rome" }));
        let server = client.link().server().clone();
        let mut first = Value::Null;
        let broken = client.try_request("tasks/result", &json!({ "taskId": id }), &mut |message| {
            first = message.clone();
            server.kill();
            None
        });
        assert!(broken.is_err(), "{broken:?}");
        server.start_again();
        let (answer, asked) = client.result_answering(&id, &json!({ "action": "accept", "content": { "ok": true } }));
        assert_eq!(answer.text(), ("booked Rome", false));
        let [second] = &asked[..] else { panic!("asked {asked:?}") };
        // Each request has a progress token of its own.
        let asked = |request: &Value| {
            let mut params = request["params"].clone();
            params["_meta"].as_object_mut().map(|meta| meta.remove("progressToken"));
            params
        };
        assert_eq!(asked(&first), asked(second));
        assert_ne!(first["id"], second["id"]);
    }
}
