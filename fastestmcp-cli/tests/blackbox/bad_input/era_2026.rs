use serde_json::{Value, json};

use super::{both_eras_refuse, shown};
use crate::support::{Client, Client2025, Client2026, Http, Link, Stdio, until};

const META: &str = "io.modelcontextprotocol/";

over_both!(
    the_tables_answer,
    without_the_extension_there_are_no_tasks,
    what_every_request_must_carry,
    what_the_client_did_not_declare_is_not_asked,
);

/// What a caller sees who may be anonymous.
fn observe<L: Link>(client: &mut Client2026<L>) -> Value {
    client.call("charges", json!({})).structured().clone()
}

fn the_tables_answer<L: Link>(link: L) {
    let mut client = Client2026::new(link);
    let visit = client.call("visit", json!({})).structured().clone();
    both_eras_refuse(&mut client, observe);
    let state = json!({ "name": "visit", "arguments": {}, "requestState": "forged" });
    for (method, params, code) in [
        ("tasks/update", json!({ "taskId": "x" }), -32602),
        ("tasks/update", json!({ "taskId": "x", "inputResponses": {} }), -32602),
        ("tasks/update", json!({ "taskId": "x", "inputResponses": 7 }), -32602),
        ("tools/call", state, -32602),
        ("subscriptions/listen", json!({ "notifications": { "taskIds": 7 } }), -32602),
        ("subscriptions/listen", json!({ "notifications": { "taskIds": [7] } }), -32602),
        ("subscriptions/listen", json!({ "notifications": { "taskIds": vec!["x"; 101] } }), -32602),
        // These are of the other era.
        ("tasks/list", json!({}), -32601),
        ("tasks/result", json!({ "taskId": "x" }), -32601),
        ("initialize", json!({}), -32601),
        ("ping", json!({}), -32601),
    ] {
        let what = shown(&json!({ "method": method, "params": params }));
        let answer = client.request(method, params);
        assert_eq!(answer.code(), code, "{what}: {answer:?}");
        let status = if L::HTTP && code == -32601 { 404 } else { 200 };
        assert_eq!(answer.status, status, "{what}");
    }
    // Asking for a task is of the other era too, and means nothing.
    let params = json!({ "name": "visit", "arguments": {}, "task": {} });
    client.request("tools/call", params).structured();

    let arguments = visit.get("handle").map_or(json!({}), |handle| json!({ "handle": handle }));
    let visits = client.call("visit", arguments).structured()["visits"].clone();
    assert_eq!(visits, if L::HTTP { 2 } else { 3 });
}

fn without_the_extension_there_are_no_tasks<L: Link>(link: L) {
    let mut client = Client2026::declaring(link, json!({ "elicitation": { "form": {} } }));
    let status = if L::HTTP { 400 } else { 200 };
    for (method, params) in [
        ("tools/call", json!({ "name": "charge", "arguments": { "amount": 1 } })),
        ("tools/call", json!({ "name": "book_trip", "arguments": { "city": "Rome" } })),
        ("tasks/get", json!({ "taskId": "x" })),
        ("tasks/cancel", json!({ "taskId": "x" })),
        ("tasks/update", json!({ "taskId": "x", "inputResponses": {} })),
        ("subscriptions/listen", json!({ "notifications": { "taskIds": ["x"] } })),
    ] {
        let what = shown(&json!({ "method": method, "params": params }));
        let answer = client.request(method, params);
        assert_eq!((answer.status, answer.code()), (status, -32021), "{what}");
        let required = &answer.message["error"]["data"]["requiredCapabilities"];
        assert_eq!(required, &json!({ "extensions": { "io.modelcontextprotocol/tasks": {} } }), "{what}");
    }
    assert_eq!(observe(&mut client), json!({ "started": 0, "finished": 0 }));
}

fn what_every_request_must_carry<L: Link>(link: L) {
    let mut client = Client2026::new(link);
    let whole = client.meta();
    let mut send = |meta: Value| {
        let params = json!({ "name": "visit", "arguments": {}, "_meta": meta });
        let message = json!({ "jsonrpc": "2.0", "id": "a", "method": "tools/call", "params": params });
        client.send(&message).unwrap()
    };
    assert_eq!(send(whole.clone()).structured()["visits"], 1);
    let without = |name: &str| {
        let mut meta = whole.clone();
        meta.as_object_mut().unwrap().remove(&format!("{META}{name}"));
        meta
    };
    let with = |name: &str, value: Value| {
        let mut meta = whole.clone();
        meta[format!("{META}{name}")] = value;
        meta
    };
    let status = if L::HTTP { 400 } else { 200 };
    for (meta, code) in [
        (without("clientCapabilities"), -32602),
        (with("clientCapabilities", json!(7)), -32602),
        (with("protocolVersion", json!("2030-01-01")), if L::HTTP { -32020 } else { -32022 }),
    ] {
        let answer = send(meta.clone());
        assert_eq!((answer.status, answer.code()), (status, code), "{meta}: {answer:?}");
    }
    if L::HTTP {
        for meta in [json!({}), without("protocolVersion"), with("protocolVersion", json!(7))] {
            let answer = send(meta.clone());
            assert_eq!((answer.status, answer.code()), (400, -32602), "{meta}: {answer:?}");
        }
        // Not even a message.
        assert_eq!(send(json!(7)).code(), -32600);
    } else {
        assert_eq!(send(whole.clone()).structured()["visits"], 2);
    }
}

fn what_the_client_did_not_declare_is_not_asked<L: Link>(link: L) {
    let mut client = Client2026::declaring(link, json!({ "extensions": { "io.modelcontextprotocol/tasks": {} } }));
    let id = client.start("book_trip", json!({ "city": "Rome" }));
    let ended = until("the end", || Some(client.task(&id)).filter(|task| task["status"] != "working"));
    // A tool result that is an error, or -32021: either way nobody was asked.
    assert!(ended.get("inputRequests").is_none(), "{ended}");
    assert!(ended["result"]["isError"] == true || ended["error"]["code"] == -32021, "{ended}");
}

#[test]
fn tasks_of_a_session_are_unknown_outside_of_it() {
    let mut owner = Client2025::new(Http::open());
    let id = owner.start("countdown", json!({ "from": 1_000 }));
    let mut other = Client2026::new(owner.link().another());
    for method in ["tasks/get", "tasks/cancel"] {
        assert_eq!(other.about(method, &id).code(), -32602);
    }
    assert_eq!(other.update(&id, json!({})).code(), -32602);
    assert_eq!(owner.task(&id)["status"], "working");
}

#[test]
fn who_is_nobody_has_no_idempotency_keys() {
    let mut client = Client2026::new(Http::open());
    let mut params = json!({ "name": "charge", "arguments": { "amount": 1 }, "_meta": client.meta() });
    params["_meta"]["fastestmcp/idempotencyKey"] = json!("k");
    let message = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params });
    assert_eq!(client.send(&message).unwrap().code(), -32602);
    assert_eq!(observe(&mut client), json!({ "started": 0, "finished": 0 }));
}

#[test]
fn useless_arguments_of_a_task_start_nothing() {
    let mut client = Client2026::new(Http::open());
    let answer = client.call("charge", json!({ "amount": "much" }));
    assert!(answer.text().1 && answer.result().get("taskId").is_none(), "{answer:?}");
    assert_eq!(observe(&mut client), json!({ "started": 0, "finished": 0 }));
}
