//! A session is its principal's (contract C5): to everybody else it is one that does not exist.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use fastestmcp::HttpConfig;
use serde_json::{Value, json};

use crate::client::{Http, Response};
use crate::eras::{Era, Session, Stateless, accept};
use crate::scene::{Served, tools, two_users};

const UNKNOWN: &str = "no-session-ever-had-this-name";

/// What is told of a session by each method: status, headers but for the date, body.
fn told(http: &Http, session: &str) -> Vec<(u16, Vec<String>, Option<Value>)> {
    let session = Session::of(http, session);
    let ping = json!({ "jsonrpc": "2.0", "id": 7, "method": "ping" });
    let note = json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": 7 } });
    let reply = json!({ "jsonrpc": "2.0", "id": "x", "result": {} });
    let all = [
        session.http().send("GET", Vec::new()),
        session.http().with("last-event-id", "0").send("GET", Vec::new()),
        session.say(&ping),
        session.say(&note),
        session.say(&reply),
        session.http().send("DELETE", Vec::new()),
    ];
    let shown = |mut response: Response| {
        let mut headers: Vec<_> = response.headers.iter().map(|(name, value)| format!("{name}: {value:?}")).collect();
        headers.retain(|header| !header.starts_with("date"));
        (response.status, headers, response.next())
    };
    all.into_iter().map(shown).collect()
}

#[test]
fn a_foreign_session_is_answered_like_an_unknown_one_and_goes_on() {
    let served = Served::to_two_users();
    let (ada, grace) = (Session::begin(&served.ada()), served.grace());
    assert_eq!(ada.call("visit", json!({})).text(), "1");
    let mut listening = ada.http().send("GET", Vec::new());
    // A call under way, which knows its session.
    let mut asking = ada.ask("tools/call", json!({ "name": "greet" }));
    let asked = asking.next().unwrap();
    assert_eq!(asked["method"], "elicitation/create");

    let foreign = told(&grace, &ada.id);
    assert!(foreign.iter().all(|(status, ..)| *status == 404), "{foreign:?}");
    assert_eq!(foreign, told(&grace, UNKNOWN));
    let unauthorized = told(&served.http(), &ada.id);
    assert!(unauthorized.iter().all(|(status, ..)| *status == 401), "{unauthorized:?}");

    assert_eq!(ada.reply(&asked, "ada").status, 202);
    assert_eq!(asking.answer().text(), "hello ada");
    assert_eq!(ada.call("visit", json!({})).text(), "2");
    // Her stream is still there: it takes her own DELETE to end it.
    assert_eq!(ada.http().send("DELETE", Vec::new()).status, 204);
    assert_eq!(listening.next(), None);
    assert_eq!(told(&served.ada(), &ada.id), told(&grace, UNKNOWN), "ended");
}

#[test]
fn a_stream_that_is_open_is_not_ended_by_a_foreign_delete() {
    let often = HttpConfig::default().sse_keep_alive(Some(Duration::from_millis(20)));
    let served = Served::new(tools().authenticate(two_users()).http(often));
    let ada = Session::begin(&served.ada());
    let mut listening = ada.http().send("GET", Vec::new());
    assert!(listening.is_kept_open());
    assert_eq!(Session::of(&served.grace(), &ada.id).http().send("DELETE", Vec::new()).status, 404);
    for _ in 0..10 {
        assert!(listening.is_kept_open(), "it was ended");
    }
    assert_eq!(ada.http().send("DELETE", Vec::new()).status, 204);
    while listening.is_kept_open() {}
}

#[test]
fn a_foreign_reply_or_cancellation_answers_and_cancels_nothing() {
    let served = Served::to_two_users();
    let (ada, grace) = (Session::begin(&served.ada()), Session::begin(&served.grace()));
    let intruder = Session::of(&served.grace(), &ada.id);
    let call = json!({ "jsonrpc": "2.0", "id": "call", "method": "tools/call", "params": { "name": "greet" } });
    let mut asking = ada.say(&call);
    let asked = asking.next().unwrap();
    let cancel = json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": "call" } });
    // In hers with his token; and in his own, where nothing was asked.
    assert_eq!(intruder.reply(&asked, "grace").status, 404);
    assert_eq!(intruder.say(&cancel).status, 404);
    assert_eq!(grace.reply(&asked, "grace").status, 202);
    assert_eq!(grace.say(&cancel).status, 202);
    assert_eq!(ada.reply(&asked, "ada").status, 202);
    assert_eq!(asking.answer().text(), "hello ada");
}

#[test]
fn a_foreign_reply_to_what_a_task_asks_answers_nothing() {
    let served = Served::to_two_users();
    let (ada, grace) = (Session::begin(&served.ada()), Session::begin(&served.grace()));
    let task = ada.start("greet-later");
    let mut waiting = ada.ask("tasks/result", json!({ "taskId": task }));
    let asked = waiting.next().unwrap();
    assert!(asked["id"].as_str().unwrap().contains(&task), "the id names the question: {asked}");
    assert_eq!(Session::of(&served.grace(), &ada.id).reply(&asked, "grace").status, 404);
    assert_eq!(grace.reply(&asked, "grace").status, 202);
    assert_eq!(ada.about("tasks/get", &task).result()["status"], "input_required");
    assert_eq!(ada.reply(&asked, "ada").status, 202);
    assert_eq!(waiting.answer().text(), "hello ada");
}

#[test]
fn two_who_are_nobody_have_their_own_sessions_values_tasks_and_questions() {
    let served = Served::new(tools());
    let (one, other) = (Session::begin(&served.http()), Session::begin(&served.http()));
    assert_eq!(one.call("visit", json!({})).text(), "1");
    assert_eq!(other.call("visit", json!({})).text(), "1");
    let task = one.start("greet-later");
    one.until(&task, "input_required");
    for method in ["tasks/get", "tasks/result", "tasks/cancel"] {
        let unknown = other.about(method, "task-of-nobody").unnumbered();
        assert_eq!(unknown.code(), -32602);
        assert_eq!(other.about(method, &task).unnumbered(), unknown, "{method}");
    }
    assert_eq!(one.request("tasks/list", json!({})).result()["tasks"].as_array().unwrap().len(), 1);
    assert_eq!(other.request("tasks/list", json!({})).result()["tasks"], json!([]));
    let mut waiting = one.ask("tasks/result", json!({ "taskId": task }));
    let asked = waiting.next().unwrap();
    other.reply(&asked, "other");
    assert_eq!(one.about("tasks/get", &task).result()["status"], "input_required");
    one.say(&json!({ "jsonrpc": "2.0", "id": asked["id"], "result": accept("one") }));
    assert_eq!(waiting.answer().text(), "hello one");
}

#[test]
fn a_session_that_another_node_takes_up_is_not_lent_to_who_asks_for_it_meanwhile() {
    let first = Served::to_two_users();
    let ada = Session::begin(&first.ada());
    for _ in 0..10 {
        let stores = first.service.runtime().stores().clone();
        let other = Served::on(async { stores }, tools().authenticate(two_users()));
        let (own, done) = (Session::of(&other.ada(), &ada.id), AtomicBool::new(false));
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let foreign = Session::of(&other.grace(), &ada.id);
                    while !done.load(Ordering::Relaxed) {
                        assert_eq!(foreign.call("visit", json!({})).status, 404);
                    }
                });
            }
            let pinged = own.request("ping", json!({}));
            done.store(true, Ordering::Relaxed);
            assert_eq!(pinged.status, 200, "{pinged:?}");
        });
    }
    assert_eq!(Stateless::new(&first.grace()).call("visit", json!({})).text(), "1", "his calls came through");
}
