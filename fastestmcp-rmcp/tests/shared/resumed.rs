use std::time::Duration;

use serde_json::{Value, json};

use crate::scene::{Nodes, until};

#[test]
fn a_call_whose_client_left_goes_on_and_is_resumed_on_the_other_node() {
    let nodes = Nodes::two();
    let client = nodes.client();
    let mut call = client.call(nodes.a, 1, "roots", json!({}));
    let (primed, question) = (call.next().unwrap(), call.next().unwrap());
    drop(call);
    let mut resumed = client.resume(nodes.b, primed.id());
    assert_eq!(resumed.next(), Some(question.clone()), "what it may have missed comes again, under the same id");
    assert_eq!(client.reply(nodes.a, &question.message()["id"], json!({ "roots": [] })), 202);
    assert_eq!(resumed.next().unwrap().message()["id"], 1);
    assert_eq!(resumed.next(), None);
}

#[test]
fn an_answer_that_came_while_nobody_read_waits_for_who_comes_back() {
    let nodes = Nodes::two();
    let client = nodes.client();
    let primed = client.call(nodes.a, 1, "slow", json!({ "ms": 500 })).next().unwrap();
    until("the call has ended", || nodes.running() == 0);
    for node in [nodes.b, nodes.a, nodes.b] {
        let events = client.resume(node, primed.id()).rest();
        assert_eq!(events.len(), 1, "{events:?}");
        assert_eq!(events[0].message()["id"], 1);
    }
}

#[test]
fn an_answer_that_was_written_and_lost_on_its_way_waits_too() {
    let nodes = Nodes::two();
    let client = nodes.client();
    let call = client.call(nodes.a, 1, "slow", json!({ "ms": 400 }));
    // Written into the connection, and not read by anybody.
    until("the call has ended", || nodes.running() == 0);
    std::thread::sleep(Duration::from_millis(100));
    let primed = call.rest().remove(0);
    let events = client.resume(nodes.b, primed.id()).rest();
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].message()["id"], 1);
}

#[test]
fn who_comes_back_with_the_last_event_of_a_stream_is_told_to_stop() {
    let nodes = Nodes::two();
    let client = nodes.client();
    let call = client.call(nodes.a, 1, "slow", json!({ "ms": 400 })).rest();
    let resumed = client.resume(nodes.b, call[0].id()).rest();
    assert_eq!(call[1..], resumed, "under the same ids");
    for node in [nodes.a, nodes.b] {
        assert_eq!(client.resume(node, resumed[0].id()).status, 204);
    }
}

#[test]
fn a_stream_that_is_resumed_while_it_is_read_moves() {
    let nodes = Nodes::two();
    let client = nodes.client();
    let mut call = client.call(nodes.a, 1, "slow", json!({ "ms": 2_000 }));
    let primed = call.next().unwrap();
    let events = client.resume(nodes.b, primed.id()).rest();
    assert_eq!(events.iter().map(|event| event.message()["id"].clone()).collect::<Vec<_>>(), [1]);
    assert_eq!(call.next(), None, "one message, one stream");
}

#[test]
fn nobody_resumes_the_stream_of_another_session_or_of_nobody() {
    let nodes = Nodes::two();
    let (client, other) = (nodes.client(), nodes.client());
    let mut call = client.call(nodes.a, 1, "slow", json!({ "ms": 5_000 }));
    let primed = call.next().unwrap().id().to_owned();
    let (stream, _) = primed.rsplit_once('.').unwrap();
    let (node, _) = stream.rsplit_once('.').unwrap();
    assert_eq!(other.resume(nodes.a, &primed).status, 400);
    assert_eq!(client.resume(nodes.b, &format!("{node}.ffff.0")).status, 400);
    assert_eq!(client.resume(nodes.b, "p.deadn0de00.1.0").status, 400);
}

#[test]
fn a_reader_that_stalls_holds_nobody_and_finds_the_rest_in_the_log() {
    const COUNT: u64 = 8_000;
    let nodes = Nodes::two();
    let client = nodes.client();
    let call = client.call(nodes.a, 1, "logs", json!({ "count": COUNT, "size": 1_000 }));
    // Nothing of it is read, and its handler ends all the same.
    until("the call has ended", || nodes.running() == 0);
    assert_eq!(client.call(nodes.a, 2, "echo", json!({})).text(), "{}");
    let mut events = call.rest();
    let sent = events.len() as u64;
    assert!(sent < COUNT, "it was read after all");
    events.extend(client.resume(nodes.b, events.last().unwrap().id()).rest());
    let at = |message: &Value| message["params"]["data"].as_str().and_then(|data| data.split(' ').next()?.parse().ok());
    let numbers: Vec<u64> = events.iter().filter_map(|event| at(event.data.as_ref()?)).collect();
    assert_eq!(numbers, (0..COUNT).collect::<Vec<_>>());
    assert_eq!(events.last().unwrap().message()["id"], 1);
}

#[test]
fn an_answer_that_the_log_does_not_take_is_an_error_and_no_silence() {
    let nodes = Nodes::two();
    let client = nodes.client();
    let mut call = client.call(nodes.a, 1, "roots", json!({}));
    let (primed, question) = (call.next().unwrap(), call.next().unwrap());
    drop(call);
    // The reply comes back to the client within the answer, and is larger than an event may be.
    let large =
        json!({ "roots": [{ "uri": format!("file:///{}", "x".repeat(3 << 20)) }], "again": "y".repeat(900_000) });
    assert_eq!(client.reply(nodes.a, &question.message()["id"], large), 202);
    let answer = client.resume(nodes.b, primed.id()).rest().pop().unwrap();
    assert!(answer.message()["error"]["code"] == -32603 || answer.message()["result"].is_object(), "{answer:?}");
}
