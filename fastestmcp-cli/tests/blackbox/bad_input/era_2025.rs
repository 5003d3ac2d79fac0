use serde_json::{Value, json};

use super::both_eras_refuse;
use crate::support::{Client, Client2025, Http, Link, Stdio, until};

over_both!(
    the_tables_answer,
    misuse_of_tasks_is_refused,
    useless_arguments_make_no_task,
    what_the_client_did_not_declare_is_not_asked,
    an_older_revision_knows_no_tasks,
);

/// All that a session can see of itself.
fn observe<L: Link>(client: &mut Client2025<L>) -> Value {
    let tasks = client.request("tasks/list", json!({})).result().clone();
    json!([tasks, client.call("charges", json!({})).structured()])
}

fn the_tables_answer<L: Link>(link: L) {
    let mut client = Client2025::new(link);
    client.call("visit", json!({})).result();
    let task = client.start("countdown", json!({ "from": 0 }));
    until("the end", || (client.task(&task)["status"] == "completed").then_some(()));
    both_eras_refuse(&mut client, observe);
    for (method, params, code) in [
        ("tasks/result", json!({}), -32602),
        ("tasks/result", json!({ "taskId": "x" }), -32602),
        ("tasks/result", json!({ "taskId": 7 }), -32602),
        // These are of the other era.
        ("tasks/update", json!({ "taskId": task, "inputResponses": {} }), -32601),
        ("subscriptions/listen", json!({ "notifications": { "taskIds": [task] } }), -32601),
    ] {
        let answer = client.request(method, params);
        assert_eq!((answer.status, answer.code()), (200, code), "{method}: {answer:?}");
    }
    assert_eq!(client.call("visit", json!({})).structured(), &json!({ "visits": 2 }));
}

fn misuse_of_tasks_is_refused<L: Link>(link: L) {
    let mut client = Client2025::new(link);
    let before = observe(&mut client);
    let countdown = json!({ "from": 1 });
    for (answer, code) in [
        (client.submit("visit", json!({}), json!({})), -32601),
        (client.submit("charges", json!({}), json!({ "ttl": 1_000 })), -32601),
        (client.call("charge", json!({ "amount": 1 })), -32601),
        (client.call("book_trip", json!({ "city": "Rome" })), -32601),
        (client.submit("nope", json!({}), json!({})), -32602),
        (client.submit("countdown", countdown.clone(), json!(7)), -32602),
        (client.submit("countdown", countdown.clone(), json!("x")), -32602),
        (client.submit("countdown", countdown.clone(), json!({ "ttl": "x" })), -32602),
        (client.submit("countdown", countdown.clone(), json!({ "ttl": -1 })), -32602),
        (client.submit("countdown", countdown.clone(), json!({ "ttl": 1e300 })), -32602),
        (client.submit("countdown", json!([]), json!({})), -32602),
    ] {
        assert_eq!((answer.status, answer.code()), (200, code), "{answer:?}");
    }
    for key in [json!(7), json!(""), json!("x".repeat(513))] {
        let meta = json!({ "fastestmcp/idempotencyKey": key });
        let params = json!({ "name": "countdown", "arguments": countdown, "task": {}, "_meta": meta });
        assert_eq!(client.request("tools/call", params).code(), -32602);
    }
    assert_eq!(observe(&mut client), before);

    // The same key stands for the same request only.
    let mut keyed = |from: u32| {
        let meta = json!({ "fastestmcp/idempotencyKey": "k" });
        let params = json!({ "name": "countdown", "arguments": { "from": from }, "task": {}, "_meta": meta });
        client.request("tools/call", params)
    };
    let id = keyed(0).result()["task"]["taskId"].clone();
    assert_eq!(keyed(0).result()["task"]["taskId"], id);
    assert_eq!(keyed(1).code(), -32602);
    assert_eq!(client.request("tasks/list", json!({})).result()["tasks"].as_array().unwrap().len(), 1);
}

fn useless_arguments_make_no_task<L: Link>(link: L) {
    let mut client = Client2025::new(link);
    let before = observe(&mut client);
    // It is for the model to mend.
    let answer = client.submit("charge", json!({ "amount": "much" }), json!({}));
    assert!(answer.text().1 && answer.result().get("task").is_none(), "{answer:?}");
    assert_eq!(observe(&mut client), before);
    assert_eq!(client.call("charges", json!({})).structured(), &json!({ "started": 0, "finished": 0 }));
}

fn what_the_client_did_not_declare_is_not_asked<L: Link>(link: L) {
    let mut client = Client2025::declaring(link, "2025-11-25", json!({}));
    let id = client.start("book_trip", json!({ "city": "Rome" }));
    let (answer, asked) = client.result_answering(&id, &json!({ "action": "accept", "content": { "ok": true } }));
    assert_eq!(asked, [Value::Null; 0]);
    assert!(answer.text().1, "{answer:?}");
    assert_eq!(client.task(&id)["status"], "failed");
}

fn an_older_revision_knows_no_tasks<L: Link>(link: L) {
    let mut client = Client2025::declaring(link, "2025-06-18", json!({ "elicitation": {} }));
    for method in ["tasks/get", "tasks/result", "tasks/cancel", "tasks/list"] {
        assert_eq!(client.request(method, json!({ "taskId": "x" })).code(), -32601, "{method}");
    }
    let tools = client.request("tools/list", json!({})).result()["tools"].clone();
    assert!(tools.as_array().unwrap().iter().all(|tool| tool.get("execution").is_none()), "{tools}");
    // It cannot ask for a task, whatever it sends.
    let arguments = json!({ "from": 1, "step_ms": 1 });
    assert_eq!(client.submit("countdown", arguments, json!({})).text(), ("liftoff", false));
    assert_eq!(client.submit("charge", json!({ "amount": 1 }), json!({})).code(), -32601);
}

#[test]
fn tasks_of_another_session_are_unknown() {
    let mut owner = Client2025::new(Http::open());
    let mut other = Client2025::new(owner.link().another());
    let id = owner.start("book_trip", json!({ "city": "Rome" }));
    until("the question", || (owner.task(&id)["status"] == "input_required").then_some(()));
    let before = owner.task(&id);
    let unknown = other.about("tasks/get", "task-of-nobody").message["error"].to_string();
    for method in ["tasks/get", "tasks/result", "tasks/cancel"] {
        let answer = other.about(method, &id);
        assert_eq!(answer.message["error"].to_string(), unknown.replace("task-of-nobody", &id), "{method}");
        assert_eq!(answer.code(), -32602);
    }
    assert_eq!(other.request("tasks/list", json!({})).result()["tasks"], json!([]));
    assert_eq!(owner.task(&id), before);
}
