//! What a new process makes of what an old one left, and how a process stops when it is asked to.

use serde_json::json;

use crate::support::{Client, Client2025, Client2026, Http, Link, Server, Stdio, Store, left, until};

/// Longer than any wait of these tests: what goes on within them did not wait for a lease to end.
const LONG: &str = "60s";

#[test]
fn a_restart_says_how_many_tasks_resume() {
    let server = Server::new();
    let mut client = Client2026::new(Http::to(&server));
    let ids: Vec<String> = (0..2).map(|_| client.start("countdown", json!({ "from": 1_000 }))).collect();
    client.crash();
    let said = server.says();
    let seconds = said.strip_prefix("2 tasks resume in ").and_then(|rest| rest.strip_suffix(" s"));
    let seconds: f64 = seconds.and_then(|seconds| seconds.parse().ok()).unwrap_or_else(|| panic!("{said:?}"));
    assert!((0.0..=1.0).contains(&seconds), "the lease is 1 s: {said:?}");
    client.about("tasks/cancel", &ids[0]).result();
    client.crash();
    assert!(server.says().starts_with("1 tasks resume in "));
}

#[test]
fn a_stop_hands_tasks_to_the_next_process_at_once() {
    let server = Server::on(&Store::with_lease(LONG));
    let mut client = Client2025::new(Http::to(&server));
    let id = client.start("countdown", json!({ "from": 1_000, "step_ms": 50 }));
    let before = until("some steps", || left(&client.task(&id)).filter(|left| *left < 995));
    let (code, _) = server.stop();
    assert_eq!(code, Some(0));
    server.start_again();
    assert_eq!(server.says(), "1 tasks resume in 0.0 s");
    until("steps of the next process", || match left(&client.task(&id)) {
        Some(left) if left > before => panic!("at {left} after the stop, at {before} before it"),
        left => left.filter(|left| *left + 5 < before),
    });
}

#[test]
fn a_stop_ends_what_never_reruns_and_has_not_finished_in_time() {
    let server = Server::on(&Store::with_lease(LONG));
    let mut client = Client2025::new(Http::to(&server));
    let short = client.start("charge", json!({ "amount": 1, "ms": 1_000 }));
    let long = client.start("charge", json!({ "amount": 2, "ms": 600_000 }));
    until("both starts", || (client.call("charges", json!({})).structured()["started"] == 2).then_some(()));
    assert_eq!(server.stop().0, Some(0));
    server.start_again();
    assert_eq!(client.about("tasks/result", &short).text(), ("charged 1", false));
    assert_eq!(client.task(&long)["status"], "failed");
    let answer = client.about("tasks/result", &long);
    assert_eq!(answer.code(), -32603);
    assert_eq!(answer.message["error"]["data"]["reason"], "worker stopped");
    assert_eq!(client.call("charges", json!({})).structured(), &json!({ "started": 2, "finished": 1 }));
}

#[test]
fn a_kill_ends_what_never_reruns_once_its_lease_is_over() {
    let mut client = Client2026::new(Http::open());
    let id = client.start("charge", json!({ "amount": 1, "ms": 600_000 }));
    until("the start", || (client.call("charges", json!({})).structured()["started"] == 1).then_some(()));
    client.crash();
    let ended = until("the end", || Some(client.task(&id)).filter(|task| task["status"] != "working"));
    assert_eq!(ended["status"], "failed", "{ended}");
    assert_eq!(ended["error"]["code"], -32603);
    assert_eq!(ended["error"]["data"]["reason"], "worker lost");
    assert_eq!(client.call("charges", json!({})).structured(), &json!({ "started": 1, "finished": 0 }));
}

#[test]
fn a_stop_ends_requests_that_wait_and_the_session_goes_on() {
    let server = Server::new();
    let mut client = Client2025::new(Http::to(&server));
    client.call("visit", json!({})).result();
    let id = client.start("book_trip", json!({ "city": "Rome" }));
    until("the question", || (client.task(&id)["status"] == "input_required").then_some(()));
    let mut waiting = client.over(Http::to(&server));
    let waits = {
        let id = id.clone();
        std::thread::spawn(move || waiting.try_request("tasks/result", &json!({ "taskId": id }), &mut |_| None))
    };
    assert_eq!(server.stop().0, Some(0));
    // Whether with an error or without an answer: it ends, and the task does not.
    drop(waits.join().unwrap());
    server.start_again();
    assert_eq!(client.call("visit", json!({})).structured(), &json!({ "visits": 2 }));
    let yes = json!({ "action": "accept", "content": { "ok": true } });
    assert_eq!(client.result_answering(&id, &yes).0.text(), ("booked Rome", false));
}

#[test]
fn a_process_on_stdio_says_on_standard_error_what_resumes_and_stops_in_order() {
    let store = Store::with_lease(LONG);
    let mut client = Client2026::new(Stdio::on(&store));
    let id = client.start("countdown", json!({ "from": 1_000, "step_ms": 50 }));
    until("some steps", || left(&client.task(&id)).filter(|left| *left < 995));
    client.link().process().terminate();
    assert_eq!(client.link().process().wait().code(), Some(0));
    client.link().kill_and_restart();
    let before = until("a step of the next process", || left(&client.task(&id)));
    until("more steps", || left(&client.task(&id)).filter(|left| *left + 5 < before));
    // A client that leaves is a stop too.
    client.about("tasks/cancel", &id).result();
    client.link().process().close_input();
    assert_eq!(client.link().process().wait().code(), Some(0));
    let (stdout, stderr) = client.link().process().rest();
    assert_eq!(stdout, [""; 0]);
    assert_eq!(stderr, ["1 tasks resume in 0.0 s"]);
}
