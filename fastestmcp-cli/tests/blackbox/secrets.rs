//! No password, token or key in any text that leaves the process (contract G17).

use fastestmcp_test_servers::{Postgres, Redis};

use crate::support::Ended;

/// In every URL here, as a password, as a part of one, or where a password may end up by mistake.
const CANARY: &str = "hush7canary";

/// Everything that is said with these arguments and variables, with every log on.
fn said(arguments: &[&str], environment: &[(&str, &str)]) -> String {
    let environment: Vec<_> = [("RUST_LOG", "trace,rmcp=trace")].iter().chain(environment).copied().collect();
    let Ended { stdout, stderr, .. } = Ended::of(arguments, &environment);
    stdout + &stderr
}

#[track_caller]
fn assert_hidden(said: &str, of: &str) {
    assert!(!said.contains(CANARY), "{of}: {said}");
    assert!(!said.is_empty(), "{of}: nothing was said");
}

#[test]
fn a_url_in_any_shape_shows_no_secret() {
    let schemes = ["redis", "rediss", "redis+sentinel", "redis+cluster", "postgres", "postgresql", "sqlite", "mysql"];
    // Nobody listens on port 1.
    let shapes = [
        "{s}://u:HUSH@127.0.0.1:1/0",
        "{s}://:HUSH@127.0.0.1:1/0",
        "{s}://HUSH@[::1/0",
        "{s}://u:a@HUSH@127.0.0.1:1/0",
        "{s}://u:a/HUSH@127.0.0.1:1/0",
        "{s}://u:1/HUSH@127.0.0.1:1/0",
        "{s}://u:a?HUSH@127.0.0.1:1/0",
        "{s}://u:1?HUSH@127.0.0.1:1/0",
        "{s}://u:1?HUSH=@127.0.0.1:1/0",
        "{s}://u:1?a&HUSH@127.0.0.1:1/0",
        "{s}://u:1#HUSH@127.0.0.1:1/0",
        "{s}://u:HUSH%40127.0.0.1:1/0",
        "{s}://u:%ffHUSH@127.0.0.1:1/0",
        "{s}://u:HUSH@127.0.0.1:port/0",
        "{s}://u:HUSH@127.0.0.1:1,/0",
        "{s}://HUSH%40127.0.0.1:1/0",
        "{s}:///u:HUSH@127.0.0.1:1/0",
        "{s}://u:HUSH",
        "{s}:u:HUSH@127.0.0.1:1/0",
        "{s}:/u:HUSH@127.0.0.1:1/0",
        "{s}//u:HUSH@127.0.0.1:1/0",
        "{s}%3A%2F%2Fu:HUSH@127.0.0.1",
        " {s}://u:HUSH@127.0.0.1:1/0",
        "{s}://127.0.0.1:1/0?sentinel-password=HUSH",
        "{s}://127.0.0.1:1/0?password=HUSH",
        "{s}://127.0.0.1:1/0?timeout=HUSH",
        "{s}://127.0.0.1:1/0?HUSH",
        "{s}://127.0.0.1:1/0?namespace=HUSH&x",
        "u:HUSH@127.0.0.1:1",
        "HUSH",
    ];
    for scheme in schemes {
        for shape in shapes {
            let url = shape.replace("{s}", scheme).replace("HUSH", CANARY);
            let ended = Ended::of(&["demo", "--stdio", "--store", &url], &[("RUST_LOG", "trace,rmcp=trace")]);
            assert_hidden(&(ended.stdout + &ended.stderr), &url);
            assert_eq!(ended.code, Some(1), "{url}");
        }
    }
}

#[test]
fn a_command_line_that_is_not_understood_is_not_repeated() {
    let url = format!("redis://u:{CANARY}@127.0.0.1");
    let option = format!("--store-url={url}");
    let joined = format!("--stdio={CANARY}");
    let short = format!("-p{CANARY}");
    for arguments in [
        &[&*url][..],
        &["demo", &url],
        &["demo", "--stor", &url],
        &["demo", &option],
        &["demo", &joined],
        &["demo", &short],
        &["demo", CANARY],
        // A blank in a password, without quotes.
        &["demo", "--store", "redis://u:a", &format!("{CANARY}@127.0.0.1")],
        &["demo", "--addr", &url],
        &["demo", "--addr", &format!("u:{CANARY}@127.0.0.1:80")],
        &["demo", "--lease", &url],
        &["demo", "--log-format", &url],
        &["demo", "--store", "memory:", "--store", &url],
    ] {
        assert_hidden(&said(arguments, &[]), &format!("{arguments:?}"));
    }
}

#[test]
fn an_environment_variable_is_not_repeated() {
    let url = format!("redis://u:{CANARY}@127.0.0.1:1/0");
    for arguments in [&["demo", "--stdio"][..], &["demo", "--help"], &["--help"], &["demo", "--nope"]] {
        assert_hidden(&said(arguments, &[("FASTESTMCP_STORE", &url)]), &format!("{arguments:?}"));
    }
    for variable in ["FASTESTMCP_LOG_FORMAT", "PGPASSWORD", "REDISCLI_AUTH"] {
        assert_hidden(&said(&["demo", "--store", "postgres://127.0.0.1:1/x"], &[(variable, CANARY)]), variable);
    }
    assert_hidden(&said(&["demo"], &[("RUST_LOG", &format!("x={CANARY}"))]), "RUST_LOG");
}

#[test]
fn a_store_that_opens_shows_no_secret() {
    let redis = Redis::shared().unwrap().url().to_owned();
    let redis = format!("{redis}?namespace=secrets&sentinel-user=u&sentinel-password={CANARY}");
    // A server that trusts everybody takes any password.
    let postgres = Postgres::shared().unwrap().url().to_owned();
    let (scheme, rest) = postgres.split_once("://").unwrap();
    let (user, host) = rest.split_once('@').unwrap_or(("postgres", rest));
    let user = user.split(':').next().unwrap();
    let postgres = format!("{scheme}://{user}:{CANARY}@{host}");
    // One that has no passwords says so.
    let login = redis.replace("://", &format!("://{CANARY}:{CANARY}@"));
    assert_hidden(&said(&["demo", "--stdio", "--store", &login], &[]), &login);
    for url in [&redis, &postgres] {
        let ended = Ended::of(&["demo", "--stdio", "--store", url], &[("RUST_LOG", "trace,rmcp=trace")]);
        assert_eq!(ended.code, Some(0), "{ended:?}");
        assert_hidden(&(ended.stdout + &ended.stderr), url);
    }
    let server = crate::support::Process::start_logging(
        &["--store", &redis, "--addr", "127.0.0.1:0"].map(str::to_owned),
        &[("RUST_LOG", "trace,rmcp=trace")],
    );
    let banner = server.line().unwrap();
    assert!(banner.contains("state in redis://"), "{banner}");
    assert_hidden(&banner, "the banner");
    server.terminate();
    let mut server = server;
    server.wait();
    let (stdout, stderr) = server.rest();
    assert_hidden(&(stdout.concat() + &stderr.concat()), "the logs");
}
