//! `notifications/tasks/status` on the standalone stream of a session, over two nodes.

use fastestmcp::List;
use serde_json::{Value, json};

use crate::client::Response;
use crate::eras::{Era, Session};
use crate::scene::{Served, tools};

fn nodes() -> [Served; 2] {
    let a = Served::new(tools());
    let stores = a.service.runtime().stores().clone();
    [a, Served::on(std::future::ready(stores), tools())]
}

fn next(stream: &mut Response) -> Value {
    let message = stream.next().unwrap();
    match message["method"].as_str() {
        Some("notifications/tasks/status") => json!([message["params"]["taskId"], message["params"]["status"]]),
        method => json!(method),
    }
}

#[test]
fn a_session_hears_of_its_own_tasks_on_any_node_each_change_once_and_no_other_session_does() {
    let [a, b] = nodes();
    let (session, other) = (Session::begin(&a.http()), Session::begin(&a.http()));
    let mut stream = Session::of(&b.http(), &session.id).http().send("GET", Vec::new());
    let mut stream_of_other = Session::of(&b.http(), &other.id).http().send("GET", Vec::new());
    let asks = session.start("greet-later");
    assert_eq!(next(&mut stream), json!([asks, "input_required"]));
    assert_eq!(session.about("tasks/cancel", &asks).result()["status"], "cancelled");
    assert_eq!(next(&mut stream), json!([asks, "cancelled"]));
    let works = session.start("work");
    let mut told = stream.next().unwrap();
    assert_eq!(told["params"]["status"], "completed");
    let task = session.until(&works, "completed");
    assert_eq!(&told["params"].take(), task.result(), "as tasks/get has it");
    a.run(async { a.service.runtime().changes().list_changed(List::Tools).await.unwrap() });
    for stream in [&mut stream, &mut stream_of_other] {
        assert_eq!(next(stream), "notifications/tools/list_changed");
    }
}
