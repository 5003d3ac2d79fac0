//! What the head of a request says of its body and of what it takes for an answer, and what it is told if that is wrong.

use serde_json::{Value, json};

use crate::client::{Answer, Http};
use crate::eras::{Session, initialize};
use crate::scene::{Served, tools};

fn ping() -> Value {
    json!({ "jsonrpc": "2.0", "id": 1, "method": "ping" })
}

fn begin(http: &Http, message: &Value) -> Answer {
    http.post(message).answer()
}

#[test]
fn a_body_of_another_type_is_415_and_any_spelling_of_json_is_json() {
    let served = Served::new(tools());
    let session = Session::begin(&served.http());
    for http in [session.http(), &served.http()] {
        for kind in ["text/plain", "application/x-www-form-urlencoded", "application/jsonx", "json", ""] {
            let refused = begin(&http.with("content-type", kind), &ping());
            assert_eq!((refused.status, refused.code()), (415, -32600), "{kind}");
        }
    }
    let text = served.http().with("content-type", "text/plain").send("POST", b"hello".to_vec()).answer();
    assert_eq!(text.status, 415);
    for kind in ["application/json; charset=utf-8", "Application/JSON", "application/json;charset=UTF-8"] {
        begin(&session.http().with("content-type", kind), &ping()).result();
        begin(&served.http().with("content-type", kind), &initialize()).result();
    }
}

#[test]
fn whoever_takes_anything_is_answered() {
    let served = Served::new(tools());
    let session = Session::begin(&served.http());
    for accept in ["*/*", "application/*", "text/html, */*;q=0.1", "application/*, text/*", "Application/JSON, Text/*"]
    {
        begin(&session.http().with("accept", accept), &ping()).result();
        begin(&served.http().with("accept", accept), &initialize()).result();
    }
    for accept in ["text/html", "image/*"] {
        assert_eq!(session.http().with("accept", accept).post(&ping()).status, 406, "{accept}");
    }
    let listening = session.http().with("accept", "*/*").send("GET", Vec::new());
    assert_eq!(listening.status, 200);
}

#[test]
fn an_initialize_that_is_no_request_is_bad_and_may_not_be_repeated() {
    let served = Served::new(tools());
    let mut message = initialize();
    message.as_object_mut().unwrap().remove("id");
    let refused = begin(&served.http(), &message);
    assert_eq!((refused.status, refused.code()), (400, -32600), "{refused:?}");
    for id in [json!(null), json!({}), json!([]), json!(true)] {
        message["id"] = id;
        let refused = begin(&served.http(), &message);
        assert_eq!((refused.status, refused.code()), (400, -32600), "{refused:?}");
    }
}

#[test]
fn an_initialize_under_a_revision_that_does_not_exist_is_told_those_that_do() {
    let served = Served::new(tools());
    for version in ["2099-01-01", "x"] {
        let refused = begin(&served.http().with("mcp-protocol-version", version), &initialize());
        assert_eq!((refused.status, refused.code()), (400, -32022), "{refused:?}");
        let data = &refused.error()["data"];
        assert_eq!(data["requested"], version);
        for known in ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"] {
            assert!(data["supported"].as_array().unwrap().contains(&json!(known)), "{refused:?}");
        }
        assert_eq!(refused.message["id"], 0);
    }
    begin(&served.http().with("mcp-protocol-version", "2025-11-25"), &initialize()).result();
}

#[test]
fn a_byte_order_mark_before_a_message_is_read_over() {
    let served = Served::new(tools());
    let marked = |message: &Value| [&b"\xef\xbb\xbf"[..], message.to_string().as_bytes()].concat();
    served.http().send("POST", marked(&initialize())).answer().result();
    let session = Session::begin(&served.http());
    session.http().send("POST", marked(&ping())).answer().result();
}
