//! What the server says of where it is, and what it takes for itself there: behind a proxy, and on all addresses.

use std::net::TcpListener;

use fastestmcp_test_servers::Nginx;
use serde_json::json;

use crate::support::{Client, Client2025, Client2026, Http, Process, Server, Store};

const HOST: &str = "mcp.example.com";
const URL: &str = "https://mcp.example.com/mcp";

/// A port that nobody listens on at this moment.
fn free() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Two processes on one store behind a proxy, what each says first, and a client of the proxy.
fn behind_a_proxy(store: &Store, options: &[&str]) -> (Nginx, [Process; 2], [String; 2], Http) {
    let ports = [free(), free()];
    let processes = ports.map(|port| {
        let address = format!("127.0.0.1:{port}");
        Process::start(&store.arguments(&[&["--addr", &address], options].concat()))
    });
    let said = [0, 1].map(|of: usize| processes[of].line().unwrap());
    let proxy = Nginx::start(HOST, &ports).unwrap();
    let http = Http::at(format!("http://127.0.0.1:{}/mcp", proxy.port()));
    (proxy, processes, said, http)
}

fn is_one_server(http: Http) {
    let mut stateless = Client2026::new(http.another());
    let mut client = Client2025::new(http);
    for visit in 1..=6 {
        assert_eq!(client.call("visit", json!({})).structured(), &json!({ "visits": visit }));
    }
    let id = client.start("book_trip", json!({ "city": "Oslo" }));
    let yes = json!({ "action": "accept", "content": { "ok": true } });
    assert_eq!(client.result_answering(&id, &yes).0.text(), ("booked Oslo", false));
    stateless.call("charges", json!({})).result();
}

#[test]
fn behind_nginx_with_a_host_of_its_own_two_nodes_are_one_server_at_its_public_url() {
    let store = Store::new();
    let (_proxy, _processes, said, http) = behind_a_proxy(&store, &["--public-url", URL]);
    for first in said {
        assert!(first.starts_with(&format!("fastestmcp demo: {URL}, ")), "{first}");
    }
    is_one_server(http);
}

#[test]
fn behind_nginx_a_host_that_is_allowed_is_served_and_any_other_is_not() {
    let store = Store::new();
    let (_proxy, _processes, _, http) =
        behind_a_proxy(&store, &["--allowed-host", "other.example", "--allowed-host", HOST]);
    is_one_server(http);
    let ping = json!({ "jsonrpc": "2.0", "id": 1, "method": "ping" }).to_string();
    let (_proxy, _processes, _, http) = behind_a_proxy(&store, &["--allowed-host", "other.example"]);
    assert_eq!(http.post(&[], ping.as_bytes()).unwrap().status, 403);
}

#[test]
fn what_is_printed_for_all_addresses_is_served() {
    let server = Server::listening(&Store::new(), &["--addr", "0.0.0.0:0"]);
    let url = server.url();
    assert!(url.starts_with("http://127.0.0.1:"), "{url}");
    let mut client = Client2025::new(Http::to(&server));
    assert_eq!(client.call("visit", json!({})).structured(), &json!({ "visits": 1 }));
}
