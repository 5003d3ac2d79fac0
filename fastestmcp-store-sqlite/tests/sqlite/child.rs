//! This test binary as another process.

use fastestmcp_core::backend::Backend;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use fastestmcp_core::event::EventLog;
use fastestmcp_core::session::{CommitRequest, Op, SessionStateStore};
use fastestmcp_store_sqlite::SqliteStore;

use crate::file::{CREATE, session};

const FILE: &str = "FASTESTMCP_TEST_FILE";

/// Another process, killed when it is dropped.
pub(crate) struct Process {
    child: Child,
    lines: std::io::Lines<BufReader<ChildStdout>>,
}

impl Process {
    /// Runs one of the ignored tests below on a file.
    pub(crate) fn start(test: &str, file: &Path) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", &format!("child::{test}"), "--ignored", "--nocapture"])
            .env(FILE, file)
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    /// The next thing it said, the test harness's own words aside; `None` once it ended.
    pub(crate) fn says(&mut self) -> Option<String> {
        self.lines.by_ref().map_while(Result::ok).find_map(|line| {
            let (_, said) = line.split_once("say:")?;
            Some(said.to_owned())
        })
    }

    /// SIGKILL.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn say(word: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "say:{word}").unwrap();
    out.flush().unwrap();
}

async fn store() -> SqliteStore {
    let path = PathBuf::from(std::env::var_os(FILE).expect("run by another test"));
    SqliteStore::open(path).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "the other process of a test"]
async fn writes_until_it_is_killed() {
    let store = store().await;
    let writers: Vec<_> = (0..8)
        .map(|writer| {
            let store = store.clone();
            tokio::spawn(async move {
                for round in 0.. {
                    let id = format!("{writer}-{round}");
                    let ops = vec![Op::put("k", id.clone()), Op::put("second", vec![7; 2_000])];
                    store.commit(CommitRequest::new(session(&id), CREATE, ops)).await.unwrap();
                    say(&id);
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "the other process of a test"]
async fn counts_to_two_hundred() {
    let store = store().await;
    say("ready");
    crate::processes::count(&store, 200).await;
    store.wake(&["counted".to_owned()]).await.unwrap();
    store.close().await.unwrap();
    say("done");
}
