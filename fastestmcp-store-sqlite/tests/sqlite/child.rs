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
        Self::run(Command::new(std::env::current_exe().unwrap()), test, file)
    }

    /// The same, but no file may grow beyond so many KiB, until somebody lifts that.
    pub(crate) fn start_limited(test: &str, file: &Path, kib: u32) -> Self {
        let mut shell = Command::new("bash");
        let limited = format!("trap '' XFSZ; ulimit -S -f {kib}; exec \"$0\" \"$@\"");
        shell.arg("-c").arg(limited).arg(std::env::current_exe().unwrap());
        Self::run(shell, test, file)
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    fn run(mut command: Command, test: &str, file: &Path) -> Self {
        let mut child = command
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "the other process of a test"]
async fn writes_and_ends() {
    let store = store().await;
    crate::file::put(&store, "written", vec![7; 100_000]).await.unwrap();
    say("written");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "the other process of a test"]
async fn meets_the_end_of_its_disk() {
    use std::sync::atomic::{AtomicBool, Ordering};

    static ANEW: AtomicBool = AtomicBool::new(false);
    struct Hears;
    impl Write for Hears {
        fn write(&mut self, text: &[u8]) -> std::io::Result<usize> {
            if String::from_utf8_lossy(text).contains("opened anew") {
                ANEW.store(true, Ordering::SeqCst);
            }
            Ok(text.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    tracing_subscriber::fmt().with_writer(|| Hears).init();
    let store = store().await;
    let mut written = 0;
    let error = loop {
        match crate::file::put(&store, &written.to_string(), vec![7; 20_000]).await {
            Ok(()) => written += 1,
            Err(error) => break error,
        }
    };
    say(&format!("{:?} {:?}", error.kind, error.outcome));
    let error = crate::file::put(&store, "again", vec![7; 1_000_000]).await.unwrap_err();
    say(&format!("{:?}", error.kind));
    while crate::file::put(&store, "last", vec![7; 1_000_000]).await.is_err() {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    say(if ANEW.load(Ordering::SeqCst) { "opened anew" } else { "went on" });
    for index in 0..written {
        assert!(crate::file::get(&store, &index.to_string()).await.is_some(), "{index} was acknowledged");
    }
    say("all there");
    store.close().await.unwrap();
}

#[tokio::test]
#[ignore = "the other process of a test"]
async fn says_why_it_does_not_open() {
    let path = PathBuf::from(std::env::var_os(FILE).expect("run by another test"));
    let error = SqliteStore::open(path).await.unwrap_err();
    say(&format!("{:?}", error.kind));
    say(&error.to_string());
}
