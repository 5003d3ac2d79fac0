use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use fastestmcp_core::backend::Durability;
use tokio::runtime::Builder;
use tokio::time::timeout;

use super::verdict::{Record, Verdict};
use crate::case::{Case, Level};
use crate::halt::{CaseResult, Halt};
use crate::harness::{Harness, Opener};
use crate::options::Options;
use crate::pulse::Pulse;
use crate::scene::{Findings, Scene, missing};
use crate::seam::Seam;

/// How often a case about the runtime is tried in real time if it fails while the machine stands still.
const TRIES: usize = 3;

/// The suite bound to one backend.
pub struct Suite {
    opener: Arc<dyn Opener>,
    options: Arc<Options>,
}

impl std::fmt::Debug for Suite {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Suite").field("options", &self.options).finish_non_exhaustive()
    }
}

impl Suite {
    /// The suite for `harness`.
    pub fn new<H: Harness>(harness: H, options: Options) -> Self {
        Self { opener: Arc::new(harness), options: Arc::new(options) }
    }

    /// How it runs.
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// Runs one case to its verdict, on a thread and a runtime of its own, within the profile's deadline. Blocks the
    /// calling thread.
    pub fn run(&self, case: &'static Case) -> Record {
        let started = Instant::now();
        let mut tries = 1;
        loop {
            let (findings, pulse) = (Arc::new(Findings::new()), Arc::new(Pulse::default()));
            let verdict = self.judge(case, &findings, &pulse);
            let failed = matches!(verdict, Verdict::Failed(_));
            if failed && pulse.has_missed() && tries < TRIES {
                tries += 1;
                continue;
            }
            let history = if failed { findings.journal.lines() } else { Vec::new() };
            return Record { case, verdict, took: started.elapsed(), seed: self.options.seed, history };
        }
    }

    fn judge(&self, case: &'static Case, findings: &Arc<Findings>, pulse: &Arc<Pulse>) -> Verdict {
        let deadline = self.options.profile.deadline();
        let (opener, options, shared) = (self.opener.clone(), self.options.clone(), findings.clone());
        let pulse = pulse.clone();
        let (done, ended) = mpsc::channel();
        // A thread of its own: a case that panics or blocks must not take the engine with it.
        let playing = thread::spawn(move || {
            let result = play_within(deadline, opener, options, case, shared, pulse);
            // Nobody waits any more if the deadline has passed.
            let _ = done.send(result);
        });
        let result = match ended.recv_timeout(deadline + Duration::from_secs(5)) {
            Ok(result) => result,
            Err(RecvTimeoutError::Timeout) => Err(Halt::Wrong(format!("blocked its thread for {deadline:?}"))),
            Err(RecvTimeoutError::Disconnected) => Err(Halt::Wrong(panic_text(playing.join()))),
        };
        let mut found = findings.take();
        match result {
            Err(Halt::Harness(detail)) => return Verdict::HarnessError(detail),
            Err(Halt::Skip(reason)) if found.is_empty() => return Verdict::Skipped(reason),
            Err(Halt::Store(error)) => found.push(format!("a value was due, not the error: {error}")),
            Err(Halt::Wrong(what)) => found.push(what),
            _ => {}
        }
        if found.is_empty() { Verdict::Passed } else { Verdict::Failed(found) }
    }
}

fn play_within(
    deadline: Duration,
    opener: Arc<dyn Opener>,
    options: Arc<Options>,
    case: &'static Case,
    findings: Arc<Findings>,
    pulse: Arc<Pulse>,
) -> CaseResult {
    let virtual_time = case.seam == Seam::Runtime && opener.virtual_time();
    let mut builder = if virtual_time { Builder::new_current_thread() } else { Builder::new_multi_thread() };
    let runtime = builder
        .worker_threads(2)
        .enable_all()
        .start_paused(virtual_time)
        .build()
        .map_err(|error| Halt::Harness(format!("no runtime: {error}")))?;
    if case.seam == Seam::Runtime && !virtual_time {
        runtime.spawn(async move { pulse.watch().await });
    }
    // Virtual time is over in no time; what hangs in it is seen from outside.
    let deadline = if virtual_time { Duration::MAX } else { deadline };
    let result = runtime.block_on(async { timeout(deadline, play(opener, options, case, findings)).await });
    runtime.shutdown_timeout(Duration::from_millis(100));
    result.unwrap_or_else(|_| Err(Halt::Wrong(format!("did not end within {deadline:?}"))))
}

#[expect(clippy::future_not_send, reason = "a case runs on a thread of its own")]
async fn play(
    opener: Arc<dyn Opener>,
    options: Arc<Options>,
    case: &'static Case,
    findings: Arc<Findings>,
) -> CaseResult {
    let scene = Scene::open(opener, options, findings).await?;
    let node = scene.node(0).await?;
    let guarantees = match case.seam {
        Seam::Session => node.sessions.map(|store| store.guarantees()),
        Seam::Task => node.tasks.map(|backend| backend.guarantees()),
        Seam::Event => node.events.map(|log| log.guarantees()),
        // It asks for the others when it is put together.
        Seam::Runtime => node.tasks.map(|backend| backend.guarantees()),
    };
    let guarantees = guarantees.ok_or_else(|| missing(case.seam))?;
    if case.level == Level::IfDurable && guarantees.durability == Durability::Volatile {
        return Err(Halt::Skip("the backend declares itself volatile".to_owned()));
    }
    (case.run)(&scene).await
}

fn panic_text(joined: thread::Result<()>) -> String {
    let text = match joined {
        Ok(()) => None,
        Err(payload) => payload
            .downcast_ref::<String>()
            .cloned()
            .or_else(|| payload.downcast_ref::<&str>().map(ToString::to_string)),
    };
    format!("panicked: {}", text.unwrap_or_else(|| "no message".to_owned()))
}
