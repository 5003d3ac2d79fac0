//! Structured results that are no objects came with 2026-07-28. Before it such a result stands as text, and the schema of
//! one is not shown.

use fastestmcp::Json;
use fastestmcp::prelude::*;
use serde_json::{Value, json};

use crate::eras::{Era, Session, Stateless};
use crate::scene::Served;

fn served() -> Served {
    let primes = async |_: Context, _: NoArgs| Ok(Json(vec![2, 3, 5]));
    let pair = async |_: Context, _: NoArgs| Ok(Json(std::collections::BTreeMap::from([("a", 1)])));
    let server = Server::builder("arrays")
        .tool(Tool::new("primes", primes))
        .tool(Tool::new("primes-later", primes).task(TaskPolicy::required()))
        .tool(Tool::new("pair", pair));
    Served::new(server)
}

fn output_schemas(era: &dyn Era) -> Vec<Value> {
    let list = era.request("tools/list", json!({}));
    let tools = list.result()["tools"].as_array().unwrap().iter();
    tools.map(|tool| tool.get("outputSchema").map_or(Value::Null, |schema| schema["type"].clone())).collect()
}

#[test]
fn an_array_is_no_structured_content_before_2026_and_stands_as_text() {
    let served = served();
    let session = Session::begin(&served.http());
    assert_eq!(output_schemas(&session), [json!(null), json!(null), json!("object")]);
    let primes = session.call("primes", json!({}));
    assert_eq!((primes.text(), primes.result().get("structuredContent")), ("[2,3,5]", None));
    let task = session.start("primes-later");
    let primes = session.about("tasks/result", &task);
    assert_eq!((primes.text(), primes.result().get("structuredContent")), ("[2,3,5]", None));
    assert_eq!(session.call("pair", json!({})).result()["structuredContent"], json!({ "a": 1 }));
}

#[test]
fn a_session_of_any_older_revision_gets_no_array_either() {
    let served = served();
    for version in ["2024-11-05", "2025-03-26", "2025-06-18"] {
        let mut initialize = crate::eras::initialize();
        initialize["params"]["protocolVersion"] = json!(version);
        let begun = served.http().post(&initialize);
        let id = begun.header("mcp-session-id").unwrap().to_owned();
        let http = served.http().with("mcp-session-id", &id).with("mcp-protocol-version", version);
        http.post(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }));
        let call = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": { "name": "primes" } });
        let primes = http.post(&call).answer();
        assert_eq!((primes.text(), primes.result().get("structuredContent")), ("[2,3,5]", None), "{version}");
        let list = http.post(&json!({ "jsonrpc": "2.0", "id": 2, "method": "tools/list" })).answer();
        assert_eq!(list.result()["tools"][0].get("outputSchema"), None, "{version}");
    }
}

#[test]
fn an_array_is_structured_content_from_2026_on() {
    let served = served();
    let stateless = Stateless::new(&served.http());
    assert_eq!(output_schemas(&stateless), [json!("array"), json!("array"), json!("object")]);
    assert_eq!(stateless.call("primes", json!({})).result()["structuredContent"], json!([2, 3, 5]));
    let task = stateless.start("primes-later");
    let done = stateless.until(&task, "completed");
    assert_eq!(done.result()["result"]["structuredContent"], json!([2, 3, 5]), "{done:?}");
}
