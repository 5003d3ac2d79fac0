//! A real listener: its limits, and an application that it is a part of.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use axum::routing::get;
use fastestmcp::prelude::*;
use fastestmcp::{HttpConfig, McpService};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(20);

async fn service(http: HttpConfig) -> McpService {
    let stores = connect("memory:").await.unwrap();
    Server::builder("endpoint").stores(stores).http(http).build().unwrap().into_service().await.unwrap()
}

/// An application with a route of its own, until it is told to stop.
async fn serve(http: HttpConfig) -> (SocketAddr, oneshot::Sender<()>, JoinHandle<Result<(), ServerError>>) {
    let service = service(http).await;
    let peer = get(|ConnectInfo(peer): ConnectInfo<SocketAddr>| async move { peer.to_string() });
    let app = Router::new().route("/peer", peer).merge(service.router());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel();
    let serving = tokio::spawn(async move { service.serve_with(app, listener, async { drop(stopped.await) }).await });
    (address, stop, serving)
}

async fn send(address: SocketAddr, request: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    stream
}

/// What comes before the other end hangs up.
async fn rest(mut stream: TcpStream) -> String {
    let mut read = Vec::new();
    timeout(PATIENCE, stream.read_to_end(&mut read)).await.expect("it does not hang up").unwrap();
    String::from_utf8(read).unwrap()
}

/// What comes up to and with `end`.
async fn until(stream: &mut TcpStream, end: &str) -> String {
    let mut read = String::new();
    while !read.contains(end) {
        let mut piece = [0; 4_096];
        let length = timeout(PATIENCE, stream.read(&mut piece)).await.expect("it says nothing").unwrap();
        assert!(length > 0, "it hung up after {read}");
        read.push_str(std::str::from_utf8(&piece[..length]).unwrap());
    }
    read
}

fn post(body: &str) -> String {
    let head = "POST /mcp HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
                accept: application/json, text/event-stream";
    format!("{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

/// An open stream of a new session, at its first event.
async fn stream(address: SocketAddr) -> TcpStream {
    let begin = r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25",
        "capabilities":{},"clientInfo":{"name":"endpoint","version":"1"}}}"#;
    let mut beginning = send(address, &post(begin)).await;
    let answer = until(&mut beginning, "\r\n\r\n").await.to_ascii_lowercase();
    drop(beginning);
    // Ids are not lower case: take it from where it was.
    let at = answer.find("mcp-session-id: ").unwrap() + "mcp-session-id: ".len();
    let mut again = send(address, &post(begin)).await;
    let answer = until(&mut again, "\r\n\r\n").await;
    let session = answer[at..].split("\r\n").next().unwrap();
    let head = "GET /mcp HTTP/1.1\r\nhost: localhost\r\naccept: text/event-stream\r\n\
                mcp-protocol-version: 2025-11-25";
    let mut stream = send(address, &format!("{head}\r\nmcp-session-id: {session}\r\n\r\n")).await;
    let head = until(&mut stream, "\r\n\r\n").await;
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    stream
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_application_with_an_open_stream_stops_and_the_stream_ends() {
    let (address, stop, serving) = serve(HttpConfig::default()).await;
    let own = send(address, "GET /peer HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await;
    let peer = own.local_addr().unwrap().to_string();
    assert!(rest(own).await.ends_with(&peer));
    let stream = stream(address).await;
    stop.send(()).unwrap();
    timeout(PATIENCE, serving).await.expect("it does not stop").unwrap().unwrap();
    // In good order: with the last chunk of its body.
    assert!(rest(stream).await.ends_with("0\r\n\r\n"));
    assert!(TcpStream::connect(address).await.is_err(), "it still accepts");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_head_that_does_not_end_and_a_connection_that_asks_nothing_are_hung_up_on() {
    let (address, _stop, _serving) = serve(HttpConfig::default().head_timeout(Duration::from_millis(200))).await;
    for begun in ["", "GET", "GET /peer HTTP/1.1\r\nhost: x\r\nx-slow: ", "GET /peer HTTP/1.1\r\nhost: x\r\n\r\n"] {
        let mut stream = send(address, begun).await;
        let dripping = async {
            // Byte by byte it is no faster.
            let drip = if begun.ends_with(": ") { "y" } else { "" };
            while stream.write_all(drip.as_bytes()).await.is_ok() {
                tokio::time::sleep(Duration::from_millis(20)).await;
                let mut seen = [0; 4_096];
                match stream.try_read(&mut seen) {
                    Ok(0) => return,
                    Err(error) if error.kind() != std::io::ErrorKind::WouldBlock => return,
                    _ => {}
                }
            }
        };
        timeout(PATIENCE, dripping).await.unwrap_or_else(|_| panic!("{begun:?} is waited for"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_does_not_end_is_answered_408() {
    let (address, _stop, _serving) = serve(HttpConfig::default().body_timeout(Duration::from_millis(200))).await;
    let whole = post(r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#);
    let answer = rest(send(address, &whole[..whole.len() - 1]).await).await;
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    let too_large = whole.replace("content-length: ", "content-length: 9999999");
    let answer = rest(send(address, &too_large).await).await;
    assert!(answer.starts_with("HTTP/1.1 408") || answer.starts_with("HTTP/1.1 413"), "{answer}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_connection_too_many_is_told_so_and_the_others_go_on() {
    let (address, _stop, _serving) = serve(HttpConfig::default().max_connections(2)).await;
    let ask = "GET /peer HTTP/1.1\r\nhost: x\r\n\r\n";
    let mut open = Vec::new();
    for _ in 0..2 {
        let mut stream = send(address, ask).await;
        until(&mut stream, "127.0.0.1:").await;
        open.push(stream);
    }
    let refused = rest(send(address, ask).await).await;
    assert!(refused.starts_with("HTTP/1.1 503") && refused.contains("retry-after: 1"), "{refused}");
    let body = refused.split_once("\r\n\r\n").unwrap().1;
    let error = serde_json::from_str::<serde_json::Value>(body).unwrap()["error"]["data"].clone();
    assert_eq!(error, serde_json::json!({ "resource": "connections", "retryAfterMs": 1_000 }));
    for stream in &mut open {
        stream.write_all(ask.as_bytes()).await.unwrap();
        until(stream, "127.0.0.1:").await;
    }
    drop(open);
    // There is room again, once it is noticed that they have left.
    let again = async {
        loop {
            let mut stream = send(address, ask).await;
            if until(&mut stream, "\r\n\r\n").await.starts_with("HTTP/1.1 200") {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, again).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_absurd_configuration_serves_or_is_refused() {
    let century = Duration::from_secs(100 * 365 * 86_400);
    let largest = HttpConfig::default()
        .head_timeout(century)
        .body_timeout(century)
        .sse_keep_alive(Some(century))
        .max_connections(usize::MAX);
    let (address, _stop, _serving) = serve(largest).await;
    let mut ask = send(address, &post(r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#)).await;
    assert!(until(&mut ask, "\r\n\r\n").await.starts_with("HTTP/1.1 "));
    for path in ["mcp", "", "/{", "/{a}", "/}", "/:a", "/*a", "/a/{*b}"] {
        let stores = connect("memory:").await.unwrap();
        let built = Server::builder("endpoint").stores(stores).http(HttpConfig::default().path(path)).build();
        assert!(matches!(built, Err(ServerError::Http(_))), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_gives_up_serving_leaves_no_connection_behind() {
    let (address, _stop, serving) = serve(HttpConfig::default()).await;
    let mut idle = send(address, "GET /peer HTTP/1.1\r\nhost: x\r\n\r\n").await;
    until(&mut idle, "127.0.0.1:").await;
    serving.abort();
    rest(idle).await;
}
