//! What a handler and a middleware can read of the request that a call came with.

use fastestmcp::prelude::*;
use fastestmcp::{Call, CallError, Next, Operation, Outcome, ServerBuilder};
use serde_json::{Value, json};

use crate::eras::{Era, Session, Stateless, both};
use crate::scene::Served;

fn seen(cx: &Context) -> Value {
    let peer = cx.peer().map(|peer| peer.to_string());
    json!({ "tenant": cx.header("X-Tenant"), "missing": cx.header("x-missing"), "id": cx.request_id(), "peer": peer })
}

async fn no_tenant_no_call(call: Call, next: Next) -> Result<Outcome, CallError> {
    if matches!(call.operation, Operation::CallTool(_)) && call.request.header("x-tenant").is_none() {
        return Err(CallError::InvalidParams("no tenant".to_owned()));
    }
    next.run(call).await
}

fn server() -> ServerBuilder {
    let now = async |cx: Context, _: NoArgs| Ok(Json(seen(&cx)));
    Server::builder("requests")
        .tool(Tool::new("now", now))
        .tool(Tool::new("later", now).task(TaskPolicy::required()))
        .middleware(no_tenant_no_call)
}

fn said(answer: &crate::client::Answer) -> Value {
    serde_json::from_str(answer.text()).unwrap()
}

#[test]
fn a_handler_reads_headers_the_id_and_where_the_call_came_from() {
    let served = Served::new(server());
    for client in both(&served.http().with("x-tenant", "acme").with("x-tenant", "other")) {
        let answer = client.call("now", json!({}));
        let id = answer.message["id"].to_string();
        let expected = json!({ "tenant": "acme", "missing": null, "id": id, "peer": "127.0.0.1" });
        assert_eq!(said(&answer), expected);
    }
    let http = served.http().with("x-tenant", "acme");
    let named = json!({ "jsonrpc": "2.0", "id": "seven", "method": "tools/call", "params": { "name": "now" } });
    assert_eq!(said(&Session::begin(&http).say(&named).answer())["id"], "seven");
}

#[test]
fn a_task_came_with_nothing_and_a_middleware_reads_what_a_handler_does() {
    let served = Served::new(server());
    let (with, without) = (Stateless::new(&served.http().with("x-tenant", "acme")), Stateless::new(&served.http()));
    let task = with.start("later");
    let ended = with.until(&task, "completed");
    let text = ended.result()["result"]["content"][0]["text"].as_str().unwrap();
    let nothing = json!({ "tenant": null, "missing": null, "id": null, "peer": null });
    assert_eq!(serde_json::from_str::<Value>(text).unwrap(), nothing);
    assert_eq!(without.call("now", json!({})).error()["message"], "no tenant");
}
