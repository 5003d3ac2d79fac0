//! What is asked of a request in which order: where it goes and from which page, who makes it, and only then its body.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use fastestmcp::http::request::Parts;
use fastestmcp::{AuthContext, Authenticator, Challenge, async_trait};

use crate::eras::initialize;
use crate::scene::{ADA, Served, tools};

/// Lets nobody in and counts who asked.
#[derive(Clone, Default)]
struct Nobody(Arc<AtomicUsize>);

#[async_trait]
impl Authenticator for Nobody {
    async fn authenticate(&self, _: &Parts) -> Result<AuthContext, Challenge> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Err(Challenge::bearer())
    }
}

fn connect(served: &Served) -> TcpStream {
    let stream = TcpStream::connect(served.address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream
}

/// The head of what is answered.
fn head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        assert_eq!(stream.read(&mut byte).expect("no answer"), 1, "hung up after {head:?}");
        head.push(byte[0]);
    }
    String::from_utf8(head).unwrap()
}

const POST: &str = "POST /mcp HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
                    accept: application/json, text/event-stream\r\ncontent-length: ";

#[test]
fn a_challenge_does_not_wait_for_the_body() {
    let served = Served::to_two_users();
    let mut stream = connect(&served);
    stream.write_all(format!("{POST}1000000\r\n\r\n").as_bytes()).unwrap();
    let head = head(&mut stream);
    assert!(head.starts_with("HTTP/1.1 401") && head.contains("www-authenticate: Bearer\r\n"), "{head}");
}

#[test]
fn a_challenge_reaches_a_client_that_writes_all_before_it_reads() {
    let served = Served::to_two_users();
    // More than sockets hold, and less than is refused for its size.
    let body = vec![b' '; 3 << 20];
    for _ in 0..5 {
        assert_eq!(served.http().send("POST", body.clone()).status, 401);
        let mut stream = connect(&served);
        stream.write_all(format!("{POST}{}\r\n\r\n", body.len()).as_bytes()).unwrap();
        for part in body.chunks(64 << 10) {
            stream.write_all(part).expect("it was hung up on in the middle");
        }
        assert!(head(&mut stream).starts_with("HTTP/1.1 401"));
        assert_eq!(served.http().with("host", "evil.example").send("POST", body.clone()).status, 403);
    }
}

#[test]
fn a_client_that_asks_whether_to_write_its_body_is_told_no_and_hung_up_on() {
    let served = Served::to_two_users();
    let mut stream = connect(&served);
    stream.write_all(format!("{POST}1000000\r\nexpect: 100-continue\r\n\r\n").as_bytes()).unwrap();
    assert!(head(&mut stream).starts_with("HTTP/1.1 401"));
    // Else what it says next would pass for the body.
    stream.read_to_end(&mut Vec::new()).expect("its body is waited for");
    let mut stream = connect(&served);
    let authorized = format!("{POST}1000\r\nauthorization: Bearer {ADA}\r\nexpect: 100-continue\r\n\r\n");
    stream.write_all(authorized.as_bytes()).unwrap();
    assert!(head(&mut stream).starts_with("HTTP/1.1 100"));
}

#[test]
fn another_host_and_another_origin_and_another_method_are_refused_before_anybody_is_asked_who_it_is() {
    let nobody = Nobody::default();
    let served = Served::new(tools().authenticate(nobody.clone()));
    let http = served.http();
    let with = |name, value| http.with(name, value).post(&initialize()).status;
    assert_eq!(with("origin", "https://evil.example"), 403);
    assert_eq!(with("host", "evil.example"), 403);
    assert_eq!(with("host", "not a host"), 400);
    // Browsers ask first, and show nothing.
    let preflight = http.with("origin", "http://localhost:3000").with("access-control-request-method", "POST");
    assert_eq!(preflight.send("OPTIONS", Vec::new()).status, 204);
    for method in ["PUT", "PATCH", "HEAD"] {
        let refused = preflight.send(method, Vec::new());
        assert_eq!((refused.status, refused.header("allow")), (405, Some("GET, POST, DELETE")), "{method}");
    }
    assert_eq!(nobody.0.load(Ordering::Relaxed), 0, "nobody was asked");
    assert_eq!(with("origin", "http://localhost:3000"), 401);
    assert_eq!(nobody.0.load(Ordering::Relaxed), 1);
}
