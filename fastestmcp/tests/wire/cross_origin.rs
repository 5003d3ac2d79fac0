//! Pages of allowed origins can use the server, and those of others are told nothing.

use fastestmcp::{HttpConfig, ServerBuilder};
use serde_json::json;

use crate::client::{Http, Response};
use crate::eras::{Session, initialize};
use crate::scene::{Served, tools, two_users};

const PAGE: &str = "https://app.example";

fn server() -> ServerBuilder {
    tools().http(HttpConfig::default().allowed_origins([PAGE, "http://localhost:*"]).max_body(10_000))
}

fn from(http: &Http, origin: &str) -> Http {
    http.with("origin", origin)
}

fn preflight(http: &Http) -> Response {
    let asks = http.with("access-control-request-method", "POST");
    asks.with("access-control-request-headers", "content-type,mcp-session-id").send("OPTIONS", Vec::new())
}

fn words<'r>(response: &'r Response, name: &str) -> Vec<&'r str> {
    response.headers.get_all(name).iter().flat_map(|value| value.to_str().unwrap().split(',')).map(str::trim).collect()
}

#[track_caller]
fn is_for(response: &Response, origin: &str) {
    assert_eq!(response.header("access-control-allow-origin"), Some(origin));
    assert!(words(response, "vary").iter().any(|name| name.eq_ignore_ascii_case("origin")));
    let exposed = words(response, "access-control-expose-headers");
    for name in ["mcp-session-id", "mcp-protocol-version", "www-authenticate"] {
        assert!(exposed.iter().any(|exposed| exposed.eq_ignore_ascii_case(name)), "{name}: {exposed:?}");
    }
}

#[track_caller]
fn is_for_nobody(response: &Response) {
    let told = response.headers.keys().find(|name| name.as_str().starts_with("access-control-"));
    assert_eq!(told, None);
}

#[test]
fn a_page_may_ask_whether_it_may_before_it_has_shown_who_it_is() {
    let served = Served::new(server().authenticate(two_users()));
    for origin in [PAGE, "http://localhost:5173"] {
        let allowed = preflight(&from(&served.http(), origin));
        assert_eq!(allowed.status, 204);
        is_for(&allowed, origin);
        let methods = words(&allowed, "access-control-allow-methods");
        assert!(["GET", "POST", "DELETE"].iter().all(|method| methods.contains(method)), "{methods:?}");
        let headers = words(&allowed, "access-control-allow-headers");
        for name in [
            "content-type",
            "accept",
            "authorization",
            "mcp-session-id",
            "mcp-protocol-version",
            "last-event-id",
            "mcp-method",
            "mcp-name",
        ] {
            assert!(headers.contains(&name), "{name}: {headers:?}");
        }
        assert!(allowed.header("access-control-max-age").unwrap().parse::<u32>().unwrap() > 0);
    }
}

#[test]
fn whatever_an_allowed_page_is_answered_it_may_read() {
    let served = Served::new(server().authenticate(two_users()));
    let begun = from(&served.ada(), PAGE).post(&initialize());
    assert_eq!(begun.status, 200);
    is_for(&begun, PAGE);
    let nobody = from(&served.http(), PAGE).post(&initialize());
    assert_eq!(nobody.status, 401);
    is_for(&nobody, PAGE);
    let large = from(&served.ada(), PAGE).send("POST", vec![b' '; 20_000]);
    assert_eq!(large.status, 413);
    is_for(&large, PAGE);
    let unknown = Session::of(&from(&served.ada(), PAGE), "nobody-knows-it");
    let gone = unknown.say(&json!({ "jsonrpc": "2.0", "id": 1, "method": "ping" }));
    assert_eq!(gone.status, 404);
    is_for(&gone, PAGE);
    let put = from(&served.ada(), PAGE).send("PUT", Vec::new());
    assert_eq!(put.status, 405);
    is_for(&put, PAGE);
    // No preflight: it does not say what it would ask.
    assert_eq!(from(&served.ada(), PAGE).send("OPTIONS", Vec::new()).status, 405);
}

#[test]
fn a_page_of_another_origin_is_told_nothing() {
    let served = Served::new(server());
    for origin in ["https://evil.example", "http://app.example", "https://app.example.evil.example", "null"] {
        let refused = preflight(&from(&served.http(), origin));
        assert_eq!(refused.status, 403, "{origin}");
        is_for_nobody(&refused);
        let refused = from(&served.http(), origin).post(&initialize());
        assert_eq!(refused.status, 403, "{origin}");
        is_for_nobody(&refused);
    }
    let elsewhere = from(&served.http(), PAGE).with("host", "evil.example").post(&initialize());
    assert_eq!(elsewhere.status, 403);
    is_for_nobody(&elsewhere);
}

#[test]
fn what_is_no_page_is_told_nothing_of_origins() {
    let served = Served::new(server());
    is_for_nobody(&served.http().post(&initialize()));
}
