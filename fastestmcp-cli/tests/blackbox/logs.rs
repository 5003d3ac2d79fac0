//! What an operator finds in the logs, and what nobody may find there.

use std::os::fd::{AsFd, OwnedFd};
use std::process::Stdio as Pipe;

use serde_json::{Value, json};

use crate::support::{Client, Client2025, Client2026, Ended, Http, Process, Server, Store, command, until};

/// A server on a new store that logs as these variables say.
fn logging(environment: &[(&str, &str)]) -> std::sync::Arc<Server> {
    Server::logging(&Store::new(), environment)
}

/// All of standard error, once the server has stopped.
fn logs(server: &Server) -> Vec<String> {
    assert_eq!(server.stop().0, Some(0));
    server.with(|process| process.rest().1)
}

#[test]
fn a_start_and_a_stop_are_a_line_each_and_nothing_else_is_said_of_ordinary_use() {
    let server = logging(&[("RUST_LOG", "info")]);
    let url = server.url();
    let mut old = Client2025::new(Http::to(&server));
    old.call("visit", json!({})).result();
    old.call("nope", json!({})).code();
    old.about("tasks/get", "task-of-nobody").code();
    let mut new = Client2026::new(Http::to(&server));
    new.call("visit", json!({})).result();
    let lines = logs(&server);
    assert_eq!(lines.len(), 2, "{lines:#?}");
    for word in [
        " INFO ",
        "serving",
        &*format!("over={url:?}"),
        "store=\"sqlite:/",
        "node=\"node-",
        "server=\"fastestmcp-demo\"",
        "version=",
        "durability=PowerLoss",
        "reach=Host",
    ] {
        assert!(lines[0].contains(word), "{word}: {}", lines[0]);
    }
    for word in [" INFO ", "stopped", "why=SIGTERM", "calls=0"] {
        assert!(lines[1].contains(word), "{word}: {}", lines[1]);
    }
    let arguments = ["demo", "--store", "memory:", "--stdio"];
    assert_eq!(Ended::of(&arguments, &[]).stderr, "", "not asked for");
    let Ended { stderr, .. } = Ended::of(&arguments, &[("RUST_LOG", "info")]);
    assert!(stderr.lines().next().unwrap().contains("over=\"stdio\""), "{stderr}");
    assert!(stderr.contains("why=the input ended"), "{stderr}");
}

#[test]
fn no_log_has_an_id_that_is_of_use() {
    let server = logging(&[("RUST_LOG", "trace")]);
    let mut old = Client2025::new(Http::to(&server));
    old.call("visit", json!({})).result();
    let session = old.session().to_owned();
    let mut new = Client2026::new(Http::to(&server));
    let handle = new.call("visit", json!({})).structured()["handle"].as_str().unwrap().to_owned();
    new.call("visit", json!({ "handle": handle })).result();
    let task = "task-of-another-server";
    for method in ["tasks/get", "tasks/cancel"] {
        new.about(method, task).code();
        old.about(method, task).code();
    }
    new.update(task, json!({})).code();
    // Arguments, whether they fit or not.
    const SECRET: &str = "hush7canary";
    old.call("countdown", json!({ "from": SECRET }));
    old.call("visit", json!({ "handle": { SECRET: SECRET } }));
    new.call(SECRET, json!({})).code();
    new.update(task, json!({ "confirm": { "action": SECRET } })).code();
    new.call("book_trip", json!({ "city": SECRET }));
    old.link().post(&[("mcp-session-id", SECRET)], SECRET.as_bytes()).unwrap();
    let asked = new.start("book_trip", json!({ "city": "Rome" }));
    until("the question", || (new.task(&asked)["status"] == "input_required").then_some(()));
    new.about("tasks/cancel", &asked).result();
    let listed = old.start("countdown", json!({ "from": 2, "step_ms": 1 }));
    old.about("tasks/result", &listed).result();
    old.link().delete(&session);
    let lines = logs(&server);
    assert!(lines.iter().any(|line| line.contains("method=tasks/get") && line.contains(" task=")), "{lines:#?}");
    for line in &lines {
        for id in [&*session, &handle, task, &asked, &listed, SECRET] {
            assert!(!line.contains(id), "{id}: {line}");
        }
    }
}

#[test]
fn a_request_says_at_debug_what_it_was_and_its_handler_says_it_too() {
    let server = logging(&[("RUST_LOG", "fastestmcp=debug")]);
    let mut client = Client2025::new(Http::to(&server));
    client.call("visit", json!({})).result();
    client.call("nope\nINFO forged", json!({})).code();
    client.link().delete("a-session-of-nobody");
    let lines = logs(&server);
    let about = |word: &str| lines.iter().find(|line| line.contains(word)).unwrap_or_else(|| panic!("{lines:#?}"));
    for line in [about("counted"), about("answered")] {
        for word in ["method=tools/call", "request=", "session=\"", "tool=\"visit\""] {
            assert!(line.contains(word), "{word}: {line}");
        }
    }
    assert!(about("code=-32602").contains("method=tools/call"));
    assert!(about("status=404").contains("http=DELETE"));
    assert!(!lines.iter().any(|line| line.starts_with("INFO forged")), "{lines:#?}");
}

#[test]
fn json_is_an_object_a_line() {
    let store = Store::new();
    let by_option = store.arguments(&["--stdio", "--log-format", "json"]);
    let by_option: Vec<_> = ["demo"].into_iter().chain(by_option.iter().map(String::as_str)).collect();
    for (arguments, environment) in [
        (&by_option[..], &[][..]),
        (&["--log-format", "json", "demo", "--store", "memory:", "--stdio"], &[]),
        (&["demo", "--store", "memory:", "--stdio"], &[("FASTESTMCP_LOG_FORMAT", "json")]),
    ] {
        let environment: Vec<_> = [("RUST_LOG", "info")].iter().chain(environment).copied().collect();
        let Ended { stderr, .. } = Ended::of(arguments, &environment);
        let lines: Vec<Value> = stderr.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines.iter().map(|line| &line["message"]).collect::<Vec<_>>(), ["serving", "stopped"], "{stderr}");
        assert_eq!((&lines[0]["level"], &lines[0]["over"]), (&json!("INFO"), &json!("stdio")));
    }
}

#[test]
fn colours_are_for_terminals_that_want_them() {
    let on_terminal = |environment: &[(&str, &str)]| {
        let (near, far) = terminal();
        let mut command = command();
        command
            .args(["demo", "--store", "memory:", "--stdio"])
            .env("RUST_LOG", "info")
            .envs(environment.iter().copied());
        command.stdin(Pipe::null()).stdout(Pipe::null()).stderr(far);
        let mut child = command.spawn().unwrap();
        drop(command);
        child.wait().unwrap();
        let mut said = [0; 4_096];
        let length = rustix::io::read(near.as_fd(), &mut said).unwrap();
        String::from_utf8_lossy(&said[..length]).into_owned()
    };
    assert!(on_terminal(&[]).contains("\u{1b}["));
    assert!(!on_terminal(&[("NO_COLOR", "1")]).contains('\u{1b}'));
    let Ended { stderr, .. } = Ended::of(&["demo", "--store", "memory:", "--stdio"], &[("RUST_LOG", "info")]);
    assert!(stderr.contains("serving") && !stderr.contains('\u{1b}'), "{stderr}");
}

/// Both ends of a new terminal.
fn terminal() -> (OwnedFd, OwnedFd) {
    use rustix::fs::{Mode, OFlags};
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
    let near = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&near).unwrap();
    unlockpt(&near).unwrap();
    let name = ptsname(&near, Vec::new()).unwrap();
    let far = rustix::fs::open(name, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).unwrap();
    (near, far)
}

#[test]
fn the_protocol_layer_speaks_when_it_is_named() {
    let store = Store::new();
    let process = |rust_log| {
        let mut process = Process::start_logging(&store.arguments(&["--stdio"]), &[("RUST_LOG", rust_log)]);
        process.write(json!({ "jsonrpc": "2.0", "id": 1, "method": "ping" }).to_string().as_bytes()).unwrap();
        let info = json!({ "name": "blackbox", "version": "1" });
        let params = json!({ "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": info });
        let begin = json!({ "jsonrpc": "2.0", "id": 2, "method": "initialize", "params": params });
        process.write(begin.to_string().as_bytes()).unwrap();
        process.close_input();
        process.wait();
        process.rest().1.concat()
    };
    assert!(!process("debug").contains(" rmcp::"));
    assert!(process("rmcp=debug").contains(" rmcp::"));
    let help = Ended::of(&["demo", "--help"], &[]).stdout;
    assert!(help.contains("RUST_LOG") && help.contains("NO_COLOR") && help.contains("--log-format"), "{help}");
}
