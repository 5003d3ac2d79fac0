//! Bad input gets the answer of the tables and changes nothing.

mod cursors;
mod era_2025;
mod era_2026;
mod http;

use serde_json::{Value, json};

use crate::support::{Answer, Client};

/// How many bytes a message and a stored value may have.
const LIMIT: usize = 4 << 20;

/// Calls whose arguments a tool cannot use: results that are errors, in both eras.
fn useless_arguments() -> Vec<(&'static str, Value)> {
    vec![
        ("visit", json!({ "handle": 7 })),
        ("visit", json!({ "handle": {} })),
        ("visit", json!({ "handle": "" })),
        ("visit", json!({ "handle": "x".repeat(43) })),
        ("visit", json!({ "handle": "x".repeat(100_000) })),
        ("visit", json!({ "handle": "\0' OR 1=1 --" })),
        ("countdown", json!({})),
        ("countdown", json!({ "from": "ten" })),
        ("countdown", json!({ "from": -1 })),
        ("countdown", json!({ "from": 1.5 })),
        ("countdown", json!({ "from": 4_294_967_296_u64 })),
        ("countdown", json!({ "from": null })),
        ("countdown", json!({ "from": 1, "step_ms": "x" })),
    ]
}

/// Requests that are wrong in both eras, and the code of their refusal.
fn refused() -> Vec<(&'static str, Value, i64)> {
    let unknown = "task-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    let mut requests = vec![
        ("tools/call", json!({ "name": "nope" }), -32602),
        ("tools/call", json!({ "name": "" }), -32602),
        ("tools/call", json!({ "name": "Visit" }), -32602),
        ("tools/call", json!({ "name": "x".repeat(100_000) }), -32602),
        ("tools/call", json!({}), -32602),
        ("tools/call", json!({ "name": 7 }), -32602),
        ("tools/call", json!({ "name": "visit", "arguments": [] }), -32602),
        ("tools/call", json!({ "name": "visit", "arguments": "x" }), -32602),
        ("tools/list", json!({ "cursor": "abc" }), -32602),
        ("nope", json!({}), -32601),
        ("tools/nope", json!({}), -32601),
        ("", json!({}), -32601),
        // Names that are used within the server only.
        ("fastestmcp/wire/tasks/get", json!({ "taskId": unknown }), -32601),
        ("fastestmcp/wire/tools/call", json!({ "name": "charge", "arguments": { "amount": 1 } }), -32601),
    ];
    for method in ["tasks/get", "tasks/cancel"] {
        requests.push((method, json!({}), -32602));
        requests.push((method, json!({ "taskId": null }), -32602));
        requests.push((method, json!({ "taskId": 7 }), -32602));
        for id in ["", "x", unknown, "task-\0", "%", "../state.db", &"x".repeat(513), &"x".repeat(100_000)] {
            requests.push((method, json!({ "taskId": id }), -32602));
        }
    }
    requests
}

/// The part of the answers that both eras share. What `observe` sees is the same before and after each request.
fn both_eras_refuse<C: Client>(client: &mut C, observe: impl Fn(&mut C) -> Value) {
    let before = observe(client);
    for (method, params, code) in refused() {
        let what = shown(&json!({ "method": method, "params": params }));
        let answer = client.request(method, params);
        assert_eq!(answer.code(), code, "{what}: {answer:?}");
        assert_eq!(observe(client), before, "{what}");
    }
    for (tool, arguments) in useless_arguments() {
        let what = shown(&json!({ "tool": tool, "arguments": arguments }));
        let answer = plain_call(client, tool, arguments);
        let (text, is_error) = answer.text();
        assert!(is_error, "{what}: {text}");
        assert_eq!(observe(client), before, "{what}");
    }
}

/// Also in an era where the server would make a task of it: waits for its result then.
fn plain_call<C: Client>(client: &mut C, tool: &str, arguments: Value) -> Answer {
    let answer = client.call(tool, arguments);
    let Some(id) = answer.result().get("taskId").and_then(Value::as_str).map(str::to_owned) else { return answer };
    crate::support::until("the end", || {
        let task = client.request("tasks/get", json!({ "taskId": id })).result().clone();
        task.get("result").map(Answer::of)
    })
}

/// Enough of a request to recognize it.
fn shown(request: &Value) -> String {
    request.to_string().chars().take(200).collect()
}
