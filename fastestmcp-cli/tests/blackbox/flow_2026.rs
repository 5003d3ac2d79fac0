//! The client flow of 2026-07-28, killed in between.

use serde_json::{Value, json};

use crate::support::{Client, Client2026, Http, Link, Stdio, left, until};

over_all!(
    the_server_is_discovered,
    values_survive_a_kill,
    a_task_goes_on_from_its_checkpoint_after_a_kill,
    a_cancelled_task_stays_cancelled,
    input_is_taken_in_parts_and_refused_if_it_does_not_fit,
    an_optional_tool_is_answered_directly_without_the_extension,
);

fn the_server_is_discovered<L: Link>(link: L) {
    let mut client = Client2026::new(link);
    let answer = client.request("server/discover", json!({}));
    let result = answer.result();
    assert!(result["supportedVersions"].as_array().unwrap().contains(&json!("2026-07-28")), "{result}");
    assert!(result["capabilities"]["extensions"].get("io.modelcontextprotocol/tasks").is_some(), "{result}");
    let answer = client.request("tools/list", json!({}));
    let names: Vec<_> = answer.result()["tools"].as_array().unwrap().iter().map(|tool| &tool["name"]).collect();
    assert_eq!(names, ["visit", "countdown", "charge", "charges", "book_trip"]);
}

fn values_survive_a_kill<L: Link>(link: L) {
    let mut client = Client2026::new(link);
    let first = client.call("visit", json!({})).structured().clone();
    assert_eq!(first["visits"], 1);
    // Who is anonymous and has no session brings a handle; on stdio values are the principal's.
    let arguments = if L::HTTP { json!({ "handle": first["handle"] }) } else { json!({}) };
    assert_eq!(first.get("handle").is_some_and(Value::is_string), L::HTTP);
    assert_eq!(client.call("visit", arguments.clone()).structured()["visits"], 2);
    client.crash();
    assert_eq!(client.call("visit", arguments).structured()["visits"], 3);
    let fresh = client.call("visit", json!({})).structured()["visits"].clone();
    assert_eq!(fresh, if L::HTTP { 1 } else { 4 });
}

fn a_task_goes_on_from_its_checkpoint_after_a_kill<L: Link>(link: L) {
    let mut client = Client2026::new(link);
    let id = client.start("countdown", json!({ "from": 12, "step_ms": 150 }));
    let before = until("some steps", || left(&client.task(&id)).filter(|left| *left <= 10));
    client.crash();
    assert_eq!(client.task(&id)["status"], "working");
    until("a step after the kill", || match left(&client.task(&id)) {
        Some(left) if left > before => panic!("at {left} after the kill, at {before} before it"),
        left => left.filter(|left| *left < before),
    });
    let ended = until("the end", || Some(client.task(&id)).filter(|task| task["status"] != "working"));
    assert_eq!(ended["status"], "completed", "{ended}");
    assert_eq!(ended["result"]["content"][0]["text"], "liftoff");
    assert_eq!(ended["result"]["resultType"], "complete");
    client.crash();
    assert_eq!(client.task(&id), ended);
}

fn a_cancelled_task_stays_cancelled<L: Link>(link: L) {
    let mut client = Client2026::new(link);
    let id = client.start("countdown", json!({ "from": 1_000, "step_ms": 100 }));
    let acknowledged = client.about("tasks/cancel", &id).result().clone();
    assert_eq!(without_meta(&acknowledged), json!({ "resultType": "complete" }));
    client.crash();
    let task = client.task(&id);
    assert_eq!(task["status"], "cancelled");
    assert_eq!(without_meta(client.about("tasks/cancel", &id).result()), json!({ "resultType": "complete" }));
    assert_eq!(client.task(&id), task);
}

/// A result without what the server says of itself.
fn without_meta(result: &Value) -> Value {
    let mut result = result.clone();
    result.as_object_mut().unwrap().remove("_meta");
    result
}

fn input_is_taken_in_parts_and_refused_if_it_does_not_fit<L: Link>(link: L) {
    let mut client = Client2026::new(link);
    let id = client.start("book_trip", json!({ "city": "Rome" }));
    let waiting = until("the question", || Some(client.task(&id)).filter(|task| task["status"] == "input_required"));
    let question = &waiting["inputRequests"]["confirm"];
    assert_eq!(question["method"], "elicitation/create", "{waiting}");
    assert_eq!(question["params"]["requestedSchema"]["properties"]["ok"]["type"], "boolean");
    client.crash();
    assert_eq!(client.task(&id), waiting);
    // Nothing of it, or only what nobody asked for: acknowledged, and it goes on waiting.
    let yes = json!({ "action": "accept", "content": { "ok": true } });
    for answers in [json!({}), json!({ "other": yes })] {
        assert_eq!(without_meta(client.update(&id, answers).result()), json!({ "resultType": "complete" }));
        assert_eq!(client.task(&id), waiting);
    }
    for wrong in [
        json!({ "action": "accept", "content": { "ok": "yes" } }),
        json!({ "action": "accept", "content": {} }),
        json!({ "action": "accept" }),
        json!({ "action": "perhaps" }),
        json!(true),
    ] {
        let answer = client.update(&id, json!({ "confirm": wrong, "other": yes }));
        assert_eq!(answer.code(), -32602, "{wrong}");
        assert_eq!(client.task(&id), waiting, "{wrong}");
    }
    client.update(&id, json!({ "confirm": yes, "other": yes })).result();
    client.crash();
    let ended = until("the end", || Some(client.task(&id)).filter(|task| task["status"] == "completed"));
    assert_eq!(ended["result"]["content"][0]["text"], "booked Rome");
    // The first answer counts.
    client.update(&id, json!({ "confirm": { "action": "decline" } })).result();
    assert_eq!(client.task(&id), ended);
}

fn an_optional_tool_is_answered_directly_without_the_extension<L: Link>(link: L) {
    let mut client = Client2026::declaring(link, json!({}));
    assert_eq!(client.call("countdown", json!({ "from": 1, "step_ms": 1 })).text(), ("liftoff", false));
}
