use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinError;

use super::options::Options;
use super::verdict::{Record, Verdict};
use crate::case::{Case, CaseResult, Halt, Level, Seam};
use crate::harness::{Harness, Opener};
use crate::scene::{Findings, Scene, missing};
use fastestmcp_core::backend::Durability;

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

    /// Runs one case to its verdict, on a runtime of its own, within the profile's deadline. Blocks the calling thread.
    pub fn run(&self, case: &'static Case) -> Record {
        let started = Instant::now();
        let findings = Arc::new(Findings::new());
        let verdict = match Builder::new_multi_thread().worker_threads(2).enable_all().build() {
            Ok(runtime) => self.run_on(runtime, case, &findings),
            Err(error) => Verdict::HarnessError(format!("no runtime: {error}")),
        };
        let history = if matches!(verdict, Verdict::Failed(_)) { findings.journal.lines() } else { Vec::new() };
        Record { case, verdict, took: started.elapsed(), seed: self.options.seed, history }
    }

    fn run_on(&self, runtime: Runtime, case: &'static Case, findings: &Arc<Findings>) -> Verdict {
        let deadline = self.options.profile.deadline();
        let play = play(self.opener.clone(), self.options.clone(), case, findings.clone());
        // A task of its own: a case that panics or blocks its thread must not take the engine with it.
        let playing = runtime.spawn(play);
        let ended = runtime.block_on(async { tokio::time::timeout(deadline, playing).await });
        runtime.shutdown_timeout(Duration::from_millis(100));
        let result = match ended {
            Ok(joined) => joined.unwrap_or_else(|error| Err(Halt::Skip(panic_text(error, findings)))),
            Err(_) => {
                findings.violation(format!("did not end within {deadline:?}"));
                Ok(())
            }
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
    };
    let guarantees = guarantees.ok_or_else(|| missing(case.seam))?;
    if case.level == Level::IfDurable && guarantees.durability == Durability::Volatile {
        return Err(Halt::Skip("the backend declares itself volatile".to_owned()));
    }
    (case.run)(&scene).await
}

fn panic_text(error: JoinError, findings: &Findings) -> String {
    let text = match error.try_into_panic() {
        Ok(payload) => payload
            .downcast_ref::<String>()
            .cloned()
            .or_else(|| payload.downcast_ref::<&str>().map(ToString::to_string))
            .unwrap_or_else(|| "no message".to_owned()),
        Err(error) => error.to_string(),
    };
    findings.violation(format!("panicked: {text}"));
    text
}
