use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::{Process, Store};

const ANY_PORT: &[&str] = &["--addr", "127.0.0.1:0"];

/// An HTTP server on a store, the same one over restarts though at another address each time.
pub(crate) struct Server {
    store: Arc<Store>,
    running: Mutex<Running>,
}

struct Running {
    process: Process,
    url: String,
}

impl Server {
    pub(crate) fn new() -> Arc<Self> {
        Self::on(&Store::new())
    }

    pub(crate) fn on(store: &Arc<Store>) -> Arc<Self> {
        let running = Mutex::new(Running::start(store));
        Arc::new(Self { store: store.clone(), running })
    }

    /// One that listens as these arguments say.
    pub(crate) fn listening(store: &Arc<Store>, arguments: &[&str]) -> Arc<Self> {
        let process = Process::start(&store.arguments(arguments));
        Arc::new(Self { store: store.clone(), running: Mutex::new(Running::of(process)) })
    }

    /// One that logs as these environment variables say.
    pub(crate) fn logging(store: &Arc<Store>, environment: &[(&str, &str)]) -> Arc<Self> {
        let process = Process::start_logging(&store.arguments(ANY_PORT), environment);
        Arc::new(Self { store: store.clone(), running: Mutex::new(Running::of(process)) })
    }

    /// What it has logged, once it has ended.
    pub(crate) fn rest_of_log(&self) -> Vec<String> {
        self.with(|process| process.rest().1)
    }

    pub(crate) fn url(&self) -> String {
        self.running.lock().unwrap().url.clone()
    }

    /// The next line that the running process says after those every start has.
    pub(crate) fn says(&self) -> String {
        self.running.lock().unwrap().process.line().unwrap()
    }

    /// kill -9.
    pub(crate) fn kill(&self) {
        self.running.lock().unwrap().process.kill();
    }

    /// Does something with the process.
    pub(crate) fn with<T>(&self, look: impl FnOnce(&mut Process) -> T) -> T {
        look(&mut self.running.lock().unwrap().process)
    }

    /// Starts it again after it has ended.
    pub(crate) fn start_again(&self) {
        *self.running.lock().unwrap() = Running::start(&self.store);
    }

    pub(crate) fn kill_and_restart(&self) {
        self.kill();
        self.start_again();
    }

    /// Asks it to stop; its exit code, and how long it took.
    pub(crate) fn stop(&self) -> (Option<i32>, Duration) {
        let mut running = self.running.lock().unwrap();
        let start = Instant::now();
        running.process.terminate();
        (running.process.wait().code(), start.elapsed())
    }
}

impl Running {
    fn start(store: &Store) -> Self {
        Self::of(Process::start(&store.arguments(ANY_PORT)))
    }

    /// Reads what every start says.
    fn of(process: Process) -> Self {
        let ended = || panic!("the server ended: {:?}", process.rest());
        let first = process.line().unwrap_or_else(ended);
        let url = first.split_whitespace().find_map(|word| word.strip_suffix("/mcp,"));
        let url = format!("{}/mcp", url.unwrap_or_else(|| panic!("no address in {first:?}")));
        let tools = process.line().unwrap_or_else(ended);
        assert_eq!(tools, "tools: visit, countdown, charge, charges, book_trip");
        let paste = process.line().unwrap_or_else(ended);
        assert_eq!(paste, format!("claude mcp add --transport http fastestmcp-demo {url}"));
        Self { process, url }
    }
}
