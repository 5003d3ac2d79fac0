//! How a process ends: by signals, by the end of its input, and with a client that does not listen.

use std::io::Write;
use std::process::Stdio as Pipe;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::support::{BINARY, Client, Client2025, Http, Link, Process, Server, Stdio, Store, command, until};

/// A server that a task keeps from ending for as long as the drain period: 10 s.
fn busy() -> (std::sync::Arc<Server>, Client2025<Http>) {
    let server = Server::on(&Store::with_lease("60s"));
    let mut client = Client2025::new(Http::to(&server));
    client.start("charge", json!({ "amount": 1, "ms": 600_000 }));
    until("the start", || (client.call("charges", json!({})).structured()["started"] == 1).then_some(()));
    (server, client)
}

#[test]
fn a_second_signal_ends_at_once_with_its_own_code() {
    for (first, second, code) in [
        (Signal::TERM, Signal::TERM, 143),
        (Signal::INT, Signal::INT, 130),
        (Signal::TERM, Signal::INT, 130),
        (Signal::HUP, Signal::TERM, 143),
    ] {
        let (server, _client) = busy();
        server.with(|process| process.signal(first));
        let status = until("the end", || {
            server.with(|process| {
                // Again and again: one that comes with the first is taken for its echo.
                process.signal(second);
                process.ended()
            })
        });
        assert_eq!(status.code(), Some(code), "{first:?} and {second:?}");
    }
}

#[test]
fn a_hangup_drains_and_a_second_one_changes_nothing() {
    let server = Server::on(&Store::with_lease("60s"));
    let mut client = Client2025::new(Http::to(&server));
    client.start("countdown", json!({ "from": 1_000 }));
    server.with(|process| process.signal(Signal::HUP));
    let status = until("the end", || {
        server.with(|process| {
            process.signal(Signal::HUP);
            process.ended()
        })
    });
    assert_eq!(status.code(), Some(0));
    server.start_again();
    assert_eq!(server.says(), "1 tasks resume in 0.0 s");
}

#[test]
fn a_hangup_that_is_ignored_stays_ignored() {
    let store = Store::new();
    let binary = BINARY;
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", "trap '' HUP; exec \"$@\"", "sh"]).arg(binary).arg("demo");
    let mut process = Process::spawn(shell.args(store.arguments(&["--stdio"])));
    let ping = json!({ "jsonrpc": "2.0", "id": 1, "method": "ping" }).to_string();
    for _ in 0..2 {
        process.write(ping.as_bytes()).unwrap();
        process.line().unwrap();
        process.signal(Signal::HUP);
    }
    process.terminate();
    assert_eq!(process.wait().code(), Some(0));
}

#[test]
fn what_was_answered_before_a_connection_was_opened_is_written() {
    let store = Store::new();
    for _ in 0..20 {
        let mut client = Stdio::on(&store);
        let ping = json!({ "jsonrpc": "2.0", "id": 1, "method": "ping" }).to_string();
        for line in [&*ping, "garbage", &ping, "{}", &ping] {
            client.process().write(line.as_bytes()).unwrap();
        }
        client.process().close_input();
        let answers: Vec<_> = std::iter::from_fn(|| client.read()).collect();
        let codes: Vec<_> = answers.iter().map(|answer| answer["error"]["code"].as_i64()).collect();
        assert_eq!(codes, [None, Some(-32700), None, Some(-32600), None]);
        assert_eq!(client.process().wait().code(), Some(0));
    }
}

#[test]
fn what_was_asked_before_the_input_ended_is_answered() {
    let mut client = Client2025::new(Stdio::open());
    let link = client.link();
    let call = |id: u64, tool: &str, arguments: Value| {
        let params = json!({ "name": tool, "arguments": arguments });
        json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params }).to_string()
    };
    for line in [call(101, "countdown", json!({ "from": 3, "step_ms": 50 })), call(102, "visit", json!({}))] {
        link.process().write(line.as_bytes()).unwrap();
    }
    link.process().close_input();
    let mut answered: Vec<_> = std::iter::from_fn(|| link.read()).filter_map(|answer| answer["id"].as_u64()).collect();
    answered.sort_unstable();
    assert_eq!(answered, [101, 102]);
    assert_eq!(link.process().wait().code(), Some(0));
}

#[test]
fn a_call_that_runs_when_the_signal_comes_is_answered() {
    let mut client = Client2025::new(Stdio::open());
    let link = client.link();
    let params = json!({
        "name": "countdown", "arguments": { "from": 10, "step_ms": 100 }, "_meta": { "progressToken": "p" }
    });
    let call = json!({ "jsonrpc": "2.0", "id": 101, "method": "tools/call", "params": params });
    link.process().write(call.to_string().as_bytes()).unwrap();
    assert_eq!(link.read().unwrap()["method"], "notifications/progress");
    link.process().terminate();
    let answer = std::iter::from_fn(|| link.read()).find(|message| message["id"] == 101).unwrap();
    assert_eq!(answer["result"]["content"][0]["text"], "liftoff", "{answer}");
    assert_eq!(link.process().wait().code(), Some(0));
}

#[test]
fn a_client_that_stops_reading_does_not_keep_the_process() {
    for signal in [None, Some(Signal::TERM)] {
        let store = Store::new();
        let mut command = command();
        command.arg("demo").args(store.arguments(&["--stdio"]));
        command.stdin(Pipe::piped()).stdout(Pipe::piped()).stderr(Pipe::null());
        let mut child = command.spawn().unwrap();
        // More answers than the pipe holds, and nobody reads them; fewer questions than the pipe holds.
        let mut input = child.stdin.take().unwrap();
        let info = json!({ "name": "blackbox", "version": "1" });
        let params = json!({ "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": info });
        writeln!(input, "{}", json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params })).unwrap();
        for id in 2..300 {
            writeln!(input, "{}", json!({ "jsonrpc": "2.0", "id": id, "method": "tools/list" })).unwrap();
        }
        let input = match signal {
            None => {
                drop(input);
                None
            }
            Some(signal) => {
                until("a full pipe", || {
                    (rustix::io::ioctl_fionread(child.stdout.as_ref()?).ok()? > 30_000).then_some(())
                });
                kill_process(Pid::from_child(&child), signal).unwrap();
                Some(input)
            }
        };
        let status = until("the end", || child.try_wait().unwrap());
        assert_eq!(status.code(), Some(0), "{signal:?}");
        drop(input);
    }
}

#[test]
fn a_client_that_closes_its_end_is_gone() {
    let store = Store::new();
    let mut command = command();
    command.arg("demo").args(store.arguments(&["--stdio"]));
    let mut child = command.stdin(Pipe::piped()).stdout(Pipe::piped()).stderr(Pipe::null()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    drop(child.stdout.take());
    let ping = json!({ "jsonrpc": "2.0", "id": 1, "method": "ping" });
    writeln!(input, "{ping}").unwrap();
    let status = until("the end", || child.try_wait().unwrap());
    assert_eq!(status.code(), Some(0));
}

#[test]
fn nobody_has_to_listen_to_what_is_said_beside_the_protocol() {
    let store = Store::new();
    for closed in [true, false] {
        let mut command = command();
        command.arg("demo").args(store.arguments(&["--stdio"])).env("RUST_LOG", "trace,rmcp=trace");
        let mut child = command.stdin(Pipe::piped()).stdout(Pipe::piped()).stderr(Pipe::piped()).spawn().unwrap();
        let unread = child.stderr.take().filter(|_| !closed);
        let mut input = child.stdin.take().unwrap();
        let answers = crate::support::lines(child.stdout.take().unwrap());
        let ping = json!({ "jsonrpc": "2.0", "id": 1, "method": "ping", "params": { "x": "x".repeat(10_000) } });
        // Each makes the log longer than a pipe is wide, long before the last.
        for _ in 0..50 {
            writeln!(input, "{ping}").unwrap();
            answers.recv_timeout(std::time::Duration::from_secs(20)).expect("an answer");
        }
        drop(input);
        let status = until("the end", || child.try_wait().unwrap());
        assert_eq!(status.code(), Some(0), "closed: {closed}");
        drop(unread);
    }
    // The banner of an HTTP server.
    let mut command = command();
    command.arg("demo").args(store.arguments(&["--addr", "127.0.0.1:0"])).env("RUST_LOG", "info");
    let mut child = command.stdin(Pipe::null()).stdout(Pipe::piped()).stderr(Pipe::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let errors = crate::support::lines(child.stderr.take().unwrap());
    let serving = errors.recv_timeout(std::time::Duration::from_secs(20)).unwrap();
    assert!(serving.contains("serving"), "{serving}");
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
}
