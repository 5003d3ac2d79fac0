//! What only HTTP can get wrong.

use serde_json::{Value, json};

use super::LIMIT;
use crate::support::{Broken, Client, Client2025, Client2026, Http, HttpAnswer, Link};

fn code(answer: Result<HttpAnswer, Broken>) -> (u16, Value) {
    let mut answer = answer.unwrap();
    let message = answer.next().unwrap().unwrap_or_default();
    (answer.status, message["error"]["code"].clone())
}

fn ping() -> Vec<u8> {
    json!({ "jsonrpc": "2.0", "id": 1, "method": "ping" }).to_string().into_bytes()
}

#[test]
fn what_is_no_message_is_refused_in_both_eras() {
    let mut client = Client2025::new(Http::open());
    client.call("visit", json!({})).result();
    let session = client.session().to_owned();
    let old = [("mcp-session-id", &*session), ("mcp-protocol-version", "2025-11-25")];
    let new = [("mcp-protocol-version", "2026-07-28"), ("mcp-method", "tools/call"), ("mcp-name", "visit")];
    let batch = format!("[{}]", String::from_utf8(ping()).unwrap());
    for headers in [&old[..], &new[..], &[]] {
        for (body, expected) in [
            (&b"{\"jsonrpc\":"[..], -32700),
            (b"hello", -32700),
            (b"", -32700),
            (b"\xff\xfe", -32700),
            (b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"task\":", -32700),
            (b"{}", -32600),
            (b"7", -32600),
            (b"[]", -32600),
            (batch.as_bytes(), -32600),
        ] {
            let answer = code(client.link().post(headers, body));
            assert_eq!(answer, (400, json!(expected)), "{headers:?} {:?}", String::from_utf8_lossy(body));
        }
    }
    assert_eq!(client.call("visit", json!({})).structured(), &json!({ "visits": 2 }));
}

#[test]
fn what_is_too_large_is_refused_and_nothing_is_kept_of_it() {
    let mut client = Client2025::new(Http::open());
    let session = client.session().to_owned();
    let headers = [("mcp-session-id", &*session), ("mcp-protocol-version", "2025-11-25")];
    for size in [LIMIT + 1, LIMIT * 3] {
        let body = format!("\"{}\"", "x".repeat(size));
        for headers in [&headers[..], &[]] {
            assert_eq!(code(client.link().post(headers, body.as_bytes())).0, 413, "{size}");
        }
    }
    // Small enough for a message, but not for what has to be kept of it.
    let city = "x".repeat(LIMIT - 200);
    assert_eq!(client.submit("book_trip", json!({ "city": city }), json!({})).code(), -32602);
    assert_eq!(client.request("tasks/list", json!({})).result()["tasks"], json!([]));
    let mut new = Client2026::new(client.link().another());
    let params = json!({ "name": "book_trip", "arguments": { "city": "" }, "_meta": new.meta() });
    let around = json!({ "jsonrpc": "2.0", "id": 100, "method": "tools/call", "params": params }).to_string().len();
    let city = "x".repeat(LIMIT - around);
    assert_eq!(new.call("book_trip", json!({ "city": city })).code(), -32602);
    let city = "x".repeat(LIMIT / 2);
    let id = client.start("book_trip", json!({ "city": city }));
    let yes = json!({ "action": "accept", "content": { "ok": true } });
    assert_eq!(client.result_answering(&id, &yes).0.text(), (&*format!("booked {city}"), false));
}

#[test]
fn a_session_that_nobody_knows_is_404() {
    let mut client = Client2025::new(Http::open());
    let own = client.session().to_owned();
    let last = if own.ends_with('A') { 'B' } else { 'A' };
    let similar = format!("{}{last}", &own[..own.len() - 1]);
    for session in ["x", &similar, &own[1..], &"x".repeat(600), "' OR 1=1", "%"] {
        let headers = [("mcp-session-id", session), ("mcp-protocol-version", "2025-11-25")];
        assert_eq!(code(client.link().post(&headers, &ping())).0, 404, "{session}");
        assert_eq!(client.link().delete(session), 404, "{session}");
    }
    assert_eq!(client.call("visit", json!({})).structured(), &json!({ "visits": 1 }));
}

#[test]
fn without_a_session_or_with_a_revision_that_does_not_exist_a_request_is_bad() {
    let mut client = Client2025::new(Http::open());
    let session = client.session().to_owned();
    let link = client.link();
    let list = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list" }).to_string().into_bytes();
    assert_eq!(link.post(&[("mcp-protocol-version", "2025-11-25")], &list).unwrap().status, 400);
    assert_eq!(link.post(&[], &list).unwrap().status, 400);
    for version in ["1999-01-01", "x"] {
        let headers = [("mcp-session-id", &*session), ("mcp-protocol-version", version)];
        assert_eq!(link.post(&headers, &list).unwrap().status, 400, "{version}");
    }
    for params in [json!({}), json!({ "protocolVersion": 7 }), json!(null)] {
        let begin = json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params });
        assert_eq!(code(link.post(&[], begin.to_string().as_bytes())), (200, json!(-32602)), "{params}");
    }
    // A revision that is not spoken here is answered with one that is.
    let info = json!({ "name": "blackbox", "version": "1" });
    let params = json!({ "protocolVersion": "1999-01-01", "capabilities": {}, "clientInfo": info });
    let begin = json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params });
    let (answer, _) = link.exchange(&[], &begin, &mut |_| None).unwrap();
    assert_eq!(answer.result()["protocolVersion"], "2025-11-25");
}

#[test]
fn headers_of_2026_that_do_not_fit_the_body_are_refused() {
    let mut client = Client2026::new(Http::open());
    let message = |version: &str| {
        let mut meta = client.meta();
        meta["io.modelcontextprotocol/protocolVersion"] = json!(version);
        let params = json!({ "name": "visit", "arguments": {}, "_meta": meta });
        json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params }).to_string().into_bytes()
    };
    let (new, future) = (message("2026-07-28"), message("2030-01-01"));
    const VERSION: (&str, &str) = ("mcp-protocol-version", "2026-07-28");
    const METHOD: (&str, &str) = ("mcp-method", "tools/call");
    const NAME: (&str, &str) = ("mcp-name", "visit");
    for (headers, body, expected) in [
        (&[METHOD, NAME][..], &new, -32020),
        (&[VERSION, NAME], &new, -32020),
        (&[VERSION, ("mcp-method", "tools/list"), NAME], &new, -32020),
        (&[VERSION, METHOD, ("mcp-name", "charges")], &new, -32020),
        (&[("mcp-protocol-version", "2025-11-25"), METHOD, NAME], &new, -32020),
        (&[VERSION, METHOD, NAME], &future, -32020),
        (&[("mcp-protocol-version", "2030-01-01"), METHOD, NAME], &future, -32022),
    ] {
        assert_eq!(code(client.link().post(headers, body)), (400, json!(expected)), "{headers:?}");
    }
    let answer = client.link().post(&[VERSION, METHOD, NAME], &new).unwrap().next().unwrap().unwrap();
    assert_eq!(answer["result"]["structuredContent"]["visits"], 1, "{answer}");
}

#[test]
fn requests_of_other_places_are_forbidden() {
    let mut client = Client2025::new(Http::open());
    let session = client.session().to_owned();
    for (name, value) in [("host", "evil.example"), ("origin", "http://evil.example"), ("origin", "null")] {
        let headers = [("mcp-session-id", &*session), ("mcp-protocol-version", "2025-11-25"), (name, value)];
        assert_eq!(client.link().post(&headers, &ping()).unwrap().status, 403, "{name}: {value}");
    }
}
