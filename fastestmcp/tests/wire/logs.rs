//! What handlers tell the client's log, in both eras.

use fastestmcp::ServerBuilder;
use fastestmcp::prelude::*;
use serde_json::{Value, json};

use crate::client::Response;
use crate::eras::{Era, Session, Stateless};
use crate::scene::Served;

fn logging() -> ServerBuilder {
    Server::builder("logs").tool(Tool::new("logs", async |cx: Context, _: NoArgs| {
        cx.log(LogLevel::Debug, "a detail");
        cx.log(LogLevel::Warning, json!({ "rows": 2 }));
        Ok("done")
    }))
}

/// What is logged before the answer.
fn logged(mut response: Response) -> Vec<Value> {
    let messages = std::iter::from_fn(|| response.next());
    messages.filter(|message| message["method"] == "notifications/message").map(|it| it["params"].clone()).collect()
}

#[test]
fn a_client_of_a_session_hears_what_is_of_its_level() {
    let served = Served::new(logging());
    let session = Session::begin(&served.http());
    let call = || logged(session.ask("tools/call", json!({ "name": "logs" })));
    let (detail, warning) = (
        json!({ "level": "debug", "logger": "logs", "data": "a detail" }),
        json!({ "level": "warning", "logger": "logs", "data": { "rows": 2 } }),
    );
    assert_eq!(call(), [detail.clone(), warning.clone()], "it never said what it wants");
    assert_eq!(session.request("logging/setLevel", json!({ "level": "warning" })).result(), &json!({}));
    assert_eq!(call(), std::slice::from_ref(&warning));
    session.request("logging/setLevel", json!({ "level": "debug" })).result();
    assert_eq!(call(), [detail, warning]);
    assert_eq!(session.request("logging/setLevel", json!({ "level": "loud" })).code(), -32602);
}

#[test]
fn a_stateless_request_hears_what_it_asks_for_and_nothing_else() {
    let served = Served::new(logging());
    let stateless = Stateless::new(&served.http());
    let call = |level: Option<&str>| {
        let meta = level.map(|level| json!({ "io.modelcontextprotocol/logLevel": level })).unwrap_or(json!({}));
        logged(stateless.ask("tools/call", json!({ "name": "logs", "_meta": meta })))
    };
    assert_eq!(call(None), [] as [Value; 0]);
    assert_eq!(call(Some("debug")).len(), 2);
    assert_eq!(call(Some("error")), [] as [Value; 0]);
    assert_eq!(stateless.request("logging/setLevel", json!({ "level": "debug" })).code(), -32601);
}
