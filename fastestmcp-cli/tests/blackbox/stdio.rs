//! What only standard input and output have.

use serde_json::{Value, json};

use crate::support::{Client, Client2025, Client2026, Link, Process, Stdio, Store, until};

fn ping(id: u64) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "method": "ping" })
}

#[test]
fn a_line_that_cannot_be_read_is_answered_and_the_connection_goes_on() {
    let mut client = Client2025::new(Stdio::open());
    client.call("visit", json!({})).result();
    let too_long = vec![b'x'; (4 << 20) + 1];
    let lines: [(&[u8], i64); 9] = [
        (b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\"", -32700),
        (b"hello", -32700),
        (b"\xff\xfe\x00", -32700),
        (b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"task\":", -32700),
        (b"7", -32600),
        (b"[]", -32600),
        (b"[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}]", -32600),
        (b"{}", -32600),
        (&too_long, -32600),
    ];
    for (line, code) in lines {
        client.link().process().write(line).unwrap();
        let answer = client.link().read().unwrap();
        assert_eq!((&answer["error"]["code"], &answer["id"]), (&json!(code), &json!(null)), "{answer}");
    }
    client.link().process().write(b"\n \t\r").unwrap();
    assert_eq!(client.call("visit", json!({})).structured(), &json!({ "visits": 2 }));
}

#[test]
fn nothing_is_said_before_a_question_and_a_line_without_an_end_is_read() {
    let mut client = Stdio::open();
    client.process().write(b"garbage").unwrap();
    assert_eq!(client.read().unwrap()["error"]["code"], -32700);
    client.process().write(ping(1).to_string().as_bytes()).unwrap();
    assert_eq!(client.read().unwrap()["id"], 1);
    client.process().close_input();
    assert_eq!(client.process().wait().code(), Some(0));
    assert_eq!(client.process().rest().0, [""; 0]);
}

#[test]
fn a_byte_order_mark_at_the_start_is_read_over() {
    let mut client = Stdio::open();
    client.process().write(&[&b"\xef\xbb\xbf"[..], ping(1).to_string().as_bytes()].concat()).unwrap();
    let answer = client.read().unwrap();
    assert_eq!((&answer["id"], &answer["result"]), (&json!(1), &json!({})), "{answer}");
}

#[test]
fn both_eras_share_one_connection_and_one_principal() {
    let store = Store::new();
    let mut old = Client2025::new(Stdio::on(&store));
    assert_eq!(old.call("visit", json!({})).structured(), &json!({ "visits": 1 }));
    let id = old.start("countdown", json!({ "from": 0 }));
    until("the end", || (old.task(&id)["status"] == "completed").then_some(()));
    old.link().process().close_input();
    assert_eq!(old.link().process().wait().code(), Some(0));

    let mut new = Client2026::new(Stdio::on(&store));
    assert_eq!(new.call("visit", json!({})).structured(), &json!({ "visits": 2 }));
    assert_eq!(new.task(&id)["result"]["content"][0]["text"], "liftoff");
    let later = new.start("countdown", json!({ "from": 0 }));

    let mut old = Client2025::new(Stdio::on(&store));
    assert_eq!(old.about("tasks/result", &later).text(), ("liftoff", false));
    let listed = old.request("tasks/list", json!({})).result()["tasks"].clone();
    let listed: Vec<_> = listed.as_array().unwrap().iter().map(|task| task["taskId"].as_str().unwrap()).collect();
    assert_eq!(listed, [later, id]);
}

#[test]
fn a_task_that_has_expired_is_gone_for_both_eras() {
    let store = Store::new();
    let mut old = Client2025::new(Stdio::on(&store));
    let answer = old.submit("countdown", json!({ "from": 1_000, "step_ms": 50 }), json!({ "ttl": 400 }));
    assert_eq!(answer.result()["task"]["ttl"], 400);
    let id = answer.result()["task"]["taskId"].as_str().unwrap().to_owned();
    until("its end", || old.about("tasks/get", &id).message.get("error").cloned());
    let unknown = old.about("tasks/get", "task-of-nobody").message["error"].to_string();
    for method in ["tasks/get", "tasks/result", "tasks/cancel"] {
        let answer = old.about(method, &id);
        assert_eq!(answer.message["error"].to_string(), unknown.replace("task-of-nobody", &id), "{method}");
        assert_eq!(answer.code(), -32602);
    }
    assert_eq!(old.request("tasks/list", json!({})).result()["tasks"], json!([]));
    let mut new = Client2026::new(Stdio::on(&store));
    for method in ["tasks/get", "tasks/cancel"] {
        assert_eq!(new.about(method, &id).code(), -32602);
    }
    assert_eq!(new.update(&id, json!({})).code(), -32602);
}

#[test]
fn standard_output_carries_only_protocol_also_with_every_log_on() {
    let store = Store::new();
    let mut process = Process::start_logging(&store.arguments(&["--stdio"]), &[("RUST_LOG", "trace,rmcp=trace")]);
    let info = json!({ "name": "blackbox", "version": "1" });
    let params = json!({ "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": info });
    let call = |id: u64, tool: &str, task: Option<Value>| {
        let mut params = json!({ "name": tool, "arguments": { "from": 2, "step_ms": 1, "handle": 7 } });
        if let Some(task) = task {
            params["task"] = task;
        }
        json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params })
    };
    for message in [
        json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params }),
        json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }),
        json!("no message"),
        call(2, "visit", None),
        call(3, "countdown", Some(json!({}))),
        call(4, "nope", None),
    ] {
        process.write(message.to_string().as_bytes()).unwrap();
    }
    let mut seen = Vec::new();
    while seen.len() < 5 {
        let line = process.line().unwrap();
        let message: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("not protocol: {line:?}"));
        assert_eq!(message["jsonrpc"], "2.0", "{line}");
        seen.push(message["id"].as_u64().unwrap_or(0));
    }
    seen.sort_unstable();
    assert_eq!(seen, [0, 1, 2, 3, 4]);
    process.terminate();
    assert_eq!(process.wait().code(), Some(0));
    let (stdout, stderr) = process.rest();
    assert_eq!(stdout, [""; 0]);
    assert!(stderr.len() > 10, "the logs were not on");
}
