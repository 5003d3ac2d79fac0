//! `fastestmcp call`, and with it the demo that the README promises, command by command.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use crate::support::{Process, Server, Store};

const README: &str = include_str!("../../../README.md");

/// The result of a command that has ended.
struct Ended {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fastestmcp"));
    command.arg("call").args(arguments).env_remove("FASTESTMCP_TOKEN").stdin(Stdio::null());
    command
}

fn run(command: &mut Command) -> Ended {
    let output = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ended { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

fn call(server: &Arc<Server>, arguments: &[&str]) -> Ended {
    run(command(&[&server.url()]).args(arguments))
}

/// The commands that the README tells a newcomer to type, in order, as words.
fn readme_commands() -> Vec<Vec<String>> {
    let (_, rest) = README.split_once("<!-- demo -->").unwrap();
    let (block, _) = rest.trim_start().strip_prefix("```sh\n").unwrap().split_once("```").unwrap();
    let words = |line: &str| {
        let (mut words, mut quoted) = (vec![String::new()], false);
        for c in line.chars() {
            match c {
                '\'' => quoted = !quoted,
                ' ' if !quoted => words.push(String::new()),
                c => words.last_mut().unwrap().push(c),
            }
        }
        words
    };
    let commands = block.lines().map(|line| line.split(" #").next().unwrap().trim());
    commands.filter(|line| !line.is_empty() && !line.starts_with('#')).map(words).collect()
}

/// An address that nobody has, and that stays the same over restarts.
fn free_address() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

fn next_line(lines: &mut impl Iterator<Item = std::io::Result<String>>) -> String {
    lines.next().unwrap().unwrap()
}

#[test]
fn the_demo_of_the_readme_can_be_typed_and_does_what_it_says() {
    let commands = readme_commands();
    let shapes: Vec<Vec<&str>> = commands.iter().map(|words| words.iter().map(String::as_str).collect()).collect();
    let [demo, follow, kill, again] = shapes.as_slice() else { panic!("{commands:?}") };
    assert_eq!((demo.as_slice(), again.as_slice()), (&["fastestmcp", "demo", "&"][..], &["fastestmcp", "demo"][..]));
    assert_eq!(kill.as_slice(), ["kill", "-9", "%1"]);
    let ["fastestmcp", "call", url, "countdown", arguments, "--task"] = follow.as_slice() else { panic!("{follow:?}") };
    // At another address and in shorter steps, so that tests run side by side and soon.
    let address = free_address();
    let url = url.replace("127.0.0.1:8000", &address);
    let arguments = arguments.replace('}', ", \"step_ms\": 150}");
    let store = Store::new();
    let serve = || Process::start(&store.arguments(&["--addr", &address]));
    let listening = |process: &Process| while !process.line().unwrap().starts_with("claude mcp add") {};

    let mut server = serve();
    listening(&server);
    let mut child: Child = command(&[&url, "countdown", &arguments, "--task"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap()).lines();
    assert!(next_line(&mut stderr).starts_with("task task-"));
    // "working", with the steps that are left.
    let left = |line: &str| line.strip_prefix("working ").and_then(|left| left.parse::<u32>().ok());
    while left(&next_line(&mut stderr)).is_none_or(|left| left > 27) {}
    server.kill();
    while !next_line(&mut stderr).contains("trying again for 1m") {}
    let server = serve();
    listening(&server);
    assert!(server.line().unwrap().starts_with("1 tasks resume in "));
    assert_eq!(next_line(&mut stderr), "the server is back");
    // It goes on from its last checkpoint.
    assert!(left(&next_line(&mut stderr)).is_some_and(|left| left <= 28));
    let mut stdout = String::new();
    child.stdout.take().unwrap().read_to_string(&mut stdout).unwrap();
    assert_eq!(stdout, "liftoff\n");
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn what_is_wrong_with_a_call_is_said_before_anything_runs() {
    let server = Server::new();
    let cases: [(&[&str], &str); 8] = [
        (&["countdown", "{"], "not JSON"),
        (&["countdown", "[1]"], "not a JSON object"),
        (&["countdown"], "from is missing (integer): Where to start."),
        (&["nope"], "there is no tool \"nope\"; there are: visit, countdown, charge, charges, book_trip"),
        (&["charge", "{\"amount\": 1}"], "add --task"),
        (&["book_trip", "{\"city\": \"Rome\"}", "--task"], "confirm: Book a trip to Rome? (ok: boolean)"),
        (&["visit", "--answer", "confirm=yes"], "neither a JSON object nor decline nor cancel"),
        (&[], "TOOL"),
    ];
    for (arguments, said) in cases {
        let ended = call(&server, arguments);
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""), "{arguments:?}: {}", ended.stderr);
        assert!(ended.stderr.contains(said), "{arguments:?}: {}", ended.stderr);
    }
    assert_eq!(call(&server, &["charges"]).stdout, "{\"finished\":0,\"started\":0}\n");
}

#[test]
fn questions_are_answered_by_options_and_wrong_answers_are_named() {
    let server = Server::new();
    let book = |answer: &str| call(&server, &["book_trip", "{\"city\": \"Rome\"}", "--task", "--answer", answer]);
    let ended = book("confirm={\"ok\": true}");
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(0), "booked Rome\n"), "{}", ended.stderr);
    assert_eq!(book("confirm=decline").stdout, "not booked\n");
    let wrong = book("confirm={\"ok\": \"yes\"}");
    assert_eq!(wrong.code, Some(2));
    assert!(wrong.stderr.contains("ok is not of type \"boolean\""), "{}", wrong.stderr);
}

#[test]
fn the_exit_code_tells_a_tool_that_failed_from_one_that_was_not_asked() {
    let server = Server::new();
    let forged = call(&server, &["visit", "{\"handle\": \"x\"}"]);
    assert_eq!((forged.code, forged.stdout.as_str()), (Some(1), ""), "{}", forged.stderr);
    assert!(forged.stderr.contains("unknown or expired state handle"), "{}", forged.stderr);
    let unknown = call(&server, &["--follow", "task-of-nobody"]);
    assert_eq!(unknown.code, Some(1), "{}", unknown.stderr);
    let away = run(&mut command(&[&format!("http://{}/mcp", free_address()), "visit"]));
    assert_eq!(away.code, Some(2));
    assert!(away.stderr.contains("nobody listens at"), "{}", away.stderr);
    let page = call(&server, &["visit", "--json"]);
    assert!(page.stdout.contains("\"structuredContent\""), "{}", page.stdout);
}

#[test]
fn a_server_that_stays_away_is_given_up_after_the_patience_that_was_asked_for() {
    let server = Server::new();
    let mut child = command(&[&server.url(), "countdown", "{\"from\": 1000}", "--task", "--patience", "1s"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap()).lines();
    while !next_line(&mut stderr).starts_with("working ") {}
    server.kill();
    while !next_line(&mut stderr).contains("the task may still run") {}
    assert_eq!(child.wait().unwrap().code(), Some(2));
}

#[test]
fn a_token_is_sent_and_never_shown() {
    const SECRET: &str = "s3cr3t-t0k3n";
    for by_option in [true, false] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://user:{SECRET}@{}/mcp?key={SECRET}", listener.local_addr().unwrap());
        let serving = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut seen = String::new();
            for line in BufReader::new(stream.try_clone().unwrap()).lines() {
                let line = line.unwrap();
                if line.is_empty() {
                    break;
                }
                seen.push_str(&line.to_ascii_lowercase());
                seen.push('\n');
            }
            stream.write_all(b"HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n").unwrap();
            seen
        });
        let ask = || {
            let mut command = command(&[&url, "visit"]);
            if by_option {
                command.args(["--token", SECRET]);
            } else {
                command.env("FASTESTMCP_TOKEN", SECRET);
            }
            let ended = run(command.env("RUST_LOG", "trace"));
            assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""));
            assert!(!ended.stderr.contains(SECRET), "{}", ended.stderr);
            ended.stderr
        };
        let said = ask();
        assert!(said.contains("token"), "{said}");
        assert!(serving.join().unwrap().contains(&format!("authorization: bearer {SECRET}")));
        // The listener has gone, and the message has the address now.
        let said = ask();
        assert!(said.contains("nobody listens at http://127.0.0.1:"), "{said}");
    }
}
