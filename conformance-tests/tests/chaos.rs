//! The chaos proxy, over real sockets.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use fastestmcp_conformance::chaos::{ChaosProxy, Cut, Mishap};

/// A server that repeats every request as its answer, and tells what it heard.
fn echo() -> (String, Receiver<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (heard, requests) = mpsc::channel();
    thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let heard = heard.clone();
            thread::spawn(move || {
                let mut buffer = [0; 1 << 16];
                while let Ok(count @ 1..) = stream.read(&mut buffer) {
                    let _ = heard.send(buffer[..count].to_vec());
                    if stream.write_all(&buffer[..count]).is_err() {
                        return;
                    }
                }
            });
        }
    });
    (address, requests)
}

fn connect(proxy: &ChaosProxy) -> TcpStream {
    let stream = TcpStream::connect(proxy.address()).unwrap();
    stream.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
    stream
}

fn ask(stream: &mut TcpStream, request: &[u8]) -> Result<Vec<u8>, ErrorKind> {
    stream.write_all(request).map_err(|error| error.kind())?;
    hear(stream)
}

fn hear(stream: &mut TcpStream) -> Result<Vec<u8>, ErrorKind> {
    let mut answer = [0; 64];
    match stream.read(&mut answer) {
        Ok(count) => Ok(answer[..count].to_vec()),
        Err(error) => Err(error.kind()),
    }
}

#[test]
fn a_cut_by_reset_ends_connections_and_refuses_new_ones_until_it_is_healed() {
    let (server, _requests) = echo();
    let proxy = ChaosProxy::start(server).unwrap();
    let mut before = connect(&proxy);
    assert_eq!(ask(&mut before, b"one").unwrap(), b"one");
    proxy.cut(Cut::Reset);
    assert_eq!(hear(&mut before), Err(ErrorKind::ConnectionReset));
    assert_eq!(hear(&mut connect(&proxy)), Err(ErrorKind::ConnectionReset));
    proxy.heal();
    assert_eq!(ask(&mut connect(&proxy), b"two").unwrap(), b"two");
}

#[test]
fn a_black_hole_keeps_connections_and_delivers_late() {
    let (server, requests) = echo();
    let proxy = ChaosProxy::start(server).unwrap();
    let mut before = connect(&proxy);
    assert_eq!(ask(&mut before, b"one").unwrap(), b"one");
    proxy.cut(Cut::BlackHole);
    assert_eq!(ask(&mut before, b"two"), Err(ErrorKind::WouldBlock));
    let mut new = connect(&proxy);
    assert_eq!(ask(&mut new, b"three"), Err(ErrorKind::WouldBlock));
    assert_eq!(requests.try_iter().collect::<Vec<_>>(), [b"one"]);
    proxy.heal();
    assert_eq!(hear(&mut before).unwrap(), b"two");
    assert_eq!(hear(&mut new).unwrap(), b"three");
}

#[test]
fn a_lost_request_never_reaches_the_server_and_the_one_after_does() {
    let (server, requests) = echo();
    let proxy = ChaosProxy::start(server).unwrap();
    let mut client = connect(&proxy);
    assert_eq!(ask(&mut client, b"one").unwrap(), b"one");
    proxy.spoil_next(Mishap::LoseRequest);
    assert_eq!(ask(&mut client, b"lost"), Err(ErrorKind::ConnectionReset));
    assert_eq!(ask(&mut connect(&proxy), b"two").unwrap(), b"two");
    assert_eq!(requests.try_iter().collect::<Vec<_>>(), [b"one", b"two"]);
}

#[test]
fn a_lost_answer_was_a_request_that_the_server_carried_out() {
    let (server, requests) = echo();
    let proxy = ChaosProxy::start(server).unwrap();
    let mut client = connect(&proxy);
    proxy.spoil_next(Mishap::LoseAnswer);
    assert_eq!(ask(&mut client, b"one"), Err(ErrorKind::ConnectionReset));
    assert_eq!(requests.recv().unwrap(), b"one");
    assert_eq!(ask(&mut connect(&proxy), b"two").unwrap(), b"two");
}

#[test]
fn a_delay_is_for_one_request() {
    let (server, _requests) = echo();
    let proxy = ChaosProxy::start(server).unwrap();
    let (mut slow, mut other) = (connect(&proxy), connect(&proxy));
    proxy.spoil_next(Mishap::Delay(Duration::from_millis(100)));
    let start = Instant::now();
    slow.write_all(b"slow").unwrap();
    assert_eq!(hear(&mut slow).unwrap(), b"slow");
    assert!(start.elapsed() >= Duration::from_millis(100));
    assert_eq!(ask(&mut other, b"fast").unwrap(), b"fast");
}

#[test]
fn what_is_no_request_meets_no_mishap() {
    let (server, _requests) = echo();
    let proxy = ChaosProxy::start_for(server, |bytes| bytes.starts_with(b"EVAL")).unwrap();
    let mut client = connect(&proxy);
    proxy.spoil_next(Mishap::LoseRequest);
    assert_eq!(ask(&mut client, b"PING").unwrap(), b"PING");
    assert_eq!(ask(&mut client, b"EVAL"), Err(ErrorKind::ConnectionReset));
}

#[test]
fn connections_end_with_the_proxy() {
    let (server, _requests) = echo();
    let proxy = ChaosProxy::start(server).unwrap();
    let mut client = connect(&proxy);
    assert_eq!(ask(&mut client, b"one").unwrap(), b"one");
    let address = proxy.address();
    drop(proxy);
    assert!(!matches!(hear(&mut client), Err(ErrorKind::WouldBlock)), "still open");
    let gone = Instant::now();
    while TcpStream::connect(address).is_ok() {
        assert!(gone.elapsed() < Duration::from_secs(5), "still listening");
        thread::yield_now();
    }
}
