//! The servers start, keep their data, and never outlive whoever started them.

use std::env;
use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use fastestmcp_test_servers::{Postgres, Redis, RedisCluster, RedisSentinel};

#[test]
fn redis_keeps_its_data_over_kill_and_restart() {
    let redis = Redis::start().unwrap();
    let port = redis.port().unwrap();
    assert_eq!(redis.url(), format!("redis://127.0.0.1:{port}"));
    assert_eq!(redis.command(&["SET", "key", "value"]).unwrap(), "OK");
    redis.kill().unwrap();
    assert!(redis.command(&["PING"]).is_err());
    redis.start_again().unwrap();
    assert_eq!(redis.command(&["GET", "key"]).unwrap(), "value");
    redis.restart().unwrap();
    assert_eq!(redis.command(&["GET", "key"]).unwrap(), "value");
    assert_eq!(redis.port().unwrap(), port);
}

#[test]
fn redis_takes_settings_a_user_and_a_certificate() {
    let redis = Redis::settings().line("maxmemory 5mb").user("app", "secret").tls().start().unwrap();
    assert_eq!(redis.url(), format!("rediss://app:secret@127.0.0.1:{}", redis.port().unwrap()));
    assert!(redis.certificate().unwrap().authority().is_file());
    assert!(redis.command(&["CONFIG", "GET", "maxmemory"]).unwrap().ends_with("5242880"));
    assert_eq!(redis.command(&["ACL", "WHOAMI"]).unwrap(), "app");
}

#[test]
fn redis_that_was_paused_answers_when_it_is_resumed() {
    let redis = Redis::start().unwrap();
    redis.pause().unwrap();
    let answer = thread::scope(|scope| {
        let asked = scope.spawn(|| redis.command(&["PING"]).unwrap());
        redis.resume().unwrap();
        asked.join().unwrap()
    });
    assert_eq!(answer, "PONG");
}

#[test]
fn redis_cluster_has_all_slots_and_comes_back() {
    let cluster = RedisCluster::start().unwrap();
    assert_eq!(cluster.url().matches("127.0.0.1:").count(), 3);
    assert!(cluster.command(1, &["CLUSTER", "INFO"]).unwrap().contains("cluster_slots_ok:16384"));
    cluster.kill(1).unwrap();
    cluster.start_again().unwrap();
    assert!(cluster.command(0, &["CLUSTER", "INFO"]).unwrap().contains("cluster_state:ok"));
}

#[test]
fn redis_sentinels_replace_a_killed_primary() {
    let set = RedisSentinel::start().unwrap();
    let old = set.kill_primary().unwrap();
    let new = set.failed_over(old).unwrap();
    assert_eq!(set.command(new, &["SET", "key", "value"]).unwrap(), "OK");
    set.start_again().unwrap();
    assert!(set.command(old, &["ROLE"]).unwrap().starts_with("slave"));
}

#[test]
fn postgres_keeps_its_data_over_kill_and_restart() {
    let postgres = Postgres::settings().set("max_connections", "20").tls().start().unwrap();
    assert_eq!(postgres.psql("SHOW max_connections").unwrap(), "20");
    assert_eq!(postgres.psql("SHOW ssl").unwrap(), "on");
    postgres.psql("CREATE TABLE kept AS SELECT 7 AS number").unwrap();
    postgres.kill().unwrap();
    assert!(postgres.psql("SELECT 1").is_err());
    postgres.start_again().unwrap();
    assert_eq!(postgres.psql("SELECT number FROM kept").unwrap(), "7");
    postgres.restart().unwrap();
    assert_eq!(postgres.psql("SELECT number FROM kept").unwrap(), "7");
}

/// Not a test of its own: the process that the next one kills.
#[test]
#[ignore = "run by the test that kills it"]
fn holds_servers_until_it_is_killed() {
    let redis = Redis::shared().unwrap();
    let postgres = Postgres::shared().unwrap();
    let folder = redis.command(&["CONFIG", "GET", "dir"]).unwrap().lines().last().unwrap().to_owned();
    let data = postgres.psql("SHOW data_directory").unwrap();
    eprintln!("holding {} {} {folder} {data}", redis.id().unwrap(), postgres.id().unwrap());
    loop {
        thread::park();
    }
}

#[test]
fn redis_and_postgres_go_with_their_folders_when_their_process_is_killed() {
    let mut child = Command::new(env::current_exe().unwrap())
        .args(["--ignored", "--exact", "holds_servers_until_it_is_killed", "--nocapture"])
        .stderr(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let said = BufReader::new(child.stderr.take().unwrap()).lines();
    let said = said.map_while(Result::ok).find(|line| line.starts_with("holding ")).unwrap();
    let words: Vec<_> = said.split(' ').skip(1).collect();
    let [redis, postgres, folders @ ..] = words.as_slice() else { panic!("{said}") };
    let alive = |id: &str| fs::exists(format!("/proc/{id}/cmdline")).unwrap();
    assert!(alive(redis) && alive(postgres) && folders.iter().all(|folder| fs::exists(folder).unwrap()));
    child.kill().unwrap();
    child.wait().unwrap();
    let start = Instant::now();
    while alive(redis) || alive(postgres) || folders.iter().any(|folder| fs::exists(folder).unwrap()) {
        assert!(start.elapsed() < Duration::from_secs(10), "still there: {said}");
        thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn redis_that_is_left_out_says_so() {
    let output = Command::new(env::current_exe().unwrap())
        .args(["--exact", "redis_keeps_its_data_over_kill_and_restart"])
        .env("FASTESTMCP_TEST_WITHOUT", "postgres, redis")
        .output()
        .unwrap();
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stdout).contains("LeftOut(\"redis\")"));
}
