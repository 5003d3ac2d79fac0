//! What does not start says why and what to do about it: one sentence on standard error, 1 or for usage 2.

use std::fs::{self, Permissions};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;

use fastestmcp_test_servers::Postgres;
use tempfile::TempDir;

use crate::support::{Ended, command};

#[track_caller]
fn assert_refused(ended: &Ended, code: i32, words: &[&str], of: &str) {
    assert_eq!((ended.code, &*ended.stdout), (Some(code), ""), "{of}: {}", ended.stderr);
    let lines: Vec<_> = ended.stderr.lines().collect();
    let [line] = lines[..] else { panic!("{of}: not one line: {}", ended.stderr) };
    assert!(line.starts_with("fastestmcp: "), "{of}: {line}");
    for word in words {
        assert_eq!(line.matches(word).count(), 1, "{of}: {word:?} once in {line}");
    }
    assert!(!line.chars().any(char::is_control), "{of}: {line:?}");
}

#[test]
fn a_start_that_fails_is_explained() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap();
    let by_name = format!("localhost:{}", taken.port());
    let taken = taken.to_string();
    let folder = TempDir::new().unwrap();
    let path = |name: &str| format!("sqlite:{}", folder.path().join(name).display());
    fs::write(folder.path().join("letter"), "dear reader, this is no database, and it is long enough for a header\n")
        .unwrap();
    let (missing, letter, is_folder) = (path("no/state.db"), path("letter"), path(""));
    let database = Postgres::shared().unwrap().url().rsplit_once('/').unwrap().0.to_owned() + "/no_such_database";
    let known = "write memory:, sqlite:PATH, redis://HOST";
    for (arguments, words) in [
        (&["--store", "memory:", "--addr", &taken][..], &[&*taken, "stop what listens there"][..]),
        (&["--store", "memory:", "--addr", &by_name], &[&*taken, "another port"]),
        (&["--store", "memory:", "--addr", "no-such-host.invalid:1"], &["no-such-host.invalid", "an address of this"]),
        (&["--store", "memory:", "--addr", "203.0.113.1:8000"], &["203.0.113.1:8000", "an address of this machine"]),
        (&["--store", "sqlite::memory:"], &["sqlite::memory: names no file", "write memory:"]),
        (&["--store", "sqlite://:memory:"], &["names no file", "write memory:"]),
        (&["--store", "sqlite://"], &["sqlite:// names no file", "write sqlite:state.db"]),
        (&["--store", "sqlite:"], &["names no file", "write sqlite:state.db"]),
        (&["--store", "sqlite:file:x.db?mode=memory"], &["write the path only"]),
        (&["--store", "sqlite:x.db?mode=memory"], &["sqlite:x.db", "synchronous=full"]),
        (&["--store", "memory"], &[known]),
        (&["--store", "mysql://h/x"], &["mysql:", known]),
        (&["--store", "state.db"], &[known]),
        (&["--store", &missing], &["does not exist"]),
        (&["--store", &letter], &["is not a SQLite database"]),
        (&["--store", &is_folder], &["is a folder"]),
        (&["--store", "redis://127.0.0.1:1/0"], &["cannot open the store redis://127.0.0.1:1/0", "check that it runs"]),
        (&["--store", "redis://127.0.0.1:1/0?colour=red"], &["there are namespace, timeout"]),
        (&["--store", "postgres://127.0.0.1:1/x"], &["the store postgres://127.0.0.1:1/x", "Connection refused"]),
        (&["--store", &database], &["\"no_such_database\" does not exist"]),
    ] {
        let arguments: Vec<_> = ["demo"].iter().chain(arguments).copied().collect();
        assert_refused(&Ended::of(&arguments, &[]), 1, words, &format!("{arguments:?}"));
    }
}

#[test]
fn a_folder_that_may_not_be_written_is_named() {
    let folder = TempDir::new().unwrap();
    let inner = folder.path().join("inner");
    fs::create_dir(&inner).unwrap();
    for (place, mode) in [(folder.path(), 0o755), (&*inner, 0o555)] {
        fs::set_permissions(place, Permissions::from_mode(mode)).unwrap();
    }
    let url = format!("sqlite:{}/state.db", inner.display());
    let mut command = command();
    command.args(["demo", "--store", &url]);
    if rustix::process::getuid().is_root() {
        // Whom no permission stops.
        command.uid(65_534).gid(65_534);
    }
    assert_refused(&Ended::run(&mut command), 1, &["writable"], &url);
}

#[test]
fn a_command_line_that_is_wrong_is_explained() {
    for (arguments, words) in [
        (&["demo", "--lease", "banana"][..], &["--lease", "3s or 500ms"][..]),
        (&["demo", "--lease", "0s"], &["--lease", "between 100ms and 24h"]),
        (&["demo", "--lease", "1000000000y"], &["--lease"]),
        (&["demo", "--addr", "8000"], &["--addr", "write HOST:PORT"]),
        (&["demo", "--addr", "localhost:66000"], &["--addr", "no number up to 65535"]),
        (&["demo", "--log-format", "xml"], &["--log-format", "text, json"]),
        (&["demo", "--nope"], &["'--nope'"]),
        (&["demo", "--stor", "memory:"], &["'--store'"]),
        (&["demo", "--store"], &["--store"]),
        (&["nope"], &["subcommand"]),
    ] {
        let ended = Ended::of(arguments, &[]);
        assert_refused(&ended, 2, words, &format!("{arguments:?}"));
        assert!(ended.stderr.contains("--help"), "{}", ended.stderr);
    }
    let demo = ["demo", "--store", "memory:", "--stdio"];
    assert_refused(&Ended::of(&demo, &[("RUST_LOG", "fastestmcp=loud")]), 2, &["RUST_LOG is not"], "RUST_LOG");
    assert_refused(&Ended::of(&demo, &[("FASTESTMCP_LOG_FORMAT", "xml")]), 2, &["--log-format"], "the environment");
}

#[test]
fn a_host_may_have_a_name() {
    let arguments = ["--store", "memory:", "--addr", "localhost:0"].map(str::to_owned);
    let server = crate::support::Process::start(&arguments);
    let banner = server.line().unwrap();
    assert!(banner.starts_with("fastestmcp demo: http://127.0.0.1:"), "{banner}");
}
