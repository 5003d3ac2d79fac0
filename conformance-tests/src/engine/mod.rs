//! Runs the case table: every case on a runtime of its own, under a deadline, with a verdict.

mod baseline;
mod report;
mod run;
mod verdict;

use std::io::Write;
use std::num::NonZero;
use std::process::ExitCode;
use std::sync::Arc;

use libtest_mimic::{Arguments, Completion, Failed, Trial};
use parking_lot::Mutex;

pub use run::Suite;
pub use verdict::{Record, Verdict};

use crate::cases;
use crate::harness::Harness;
use crate::options::Options;
use baseline::Baseline;

/// Cases that run at once.
const CASES_PER_CORE: usize = 4;

/// Runs the whole suite as the main function of a test target: what [`conformance_main!`](crate::conformance_main) calls.
pub fn main<H: Harness>(harness: H) -> ExitCode {
    match try_main(harness) {
        Ok(code) => code,
        Err(error) => {
            // Nowhere else to say it: standard error being closed is no reason to fail differently.
            let _ = writeln!(std::io::stderr(), "harness error: {error}");
            ExitCode::from(2)
        }
    }
}

fn try_main<H: Harness>(harness: H) -> Result<ExitCode, String> {
    let (options, rest) = Options::parse(std::env::args())?;
    let mut arguments = Arguments::from_iter(rest);
    // Most of a case is waiting.
    let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
    arguments.test_threads.get_or_insert(cores * CASES_PER_CORE);
    let baseline = Arc::new(Baseline::load(options.baseline.as_deref())?);
    let suite = Arc::new(Suite::new(harness, options));
    let records = Arc::new(Mutex::new(Vec::new()));
    let trials = cases::all()
        .map(|case| {
            let (suite, baseline, records) = (suite.clone(), baseline.clone(), records.clone());
            Trial::ignorable_test(case.id, move || {
                let record = baseline.judge(suite.run(case));
                let completion = completion(&record, suite.options().require_all);
                records.lock().push(record);
                completion
            })
        })
        .collect();
    let conclusion = libtest_mimic::run(&arguments, trials);
    if arguments.list {
        return Ok(conclusion.exit_code());
    }
    let mut records = std::mem::take(&mut *records.lock());
    let order: Vec<_> = cases::all().map(|case| case.id).collect();
    records.sort_by_key(|record| order.iter().position(|id| *id == record.case.id));
    report::write(H::NAME, suite.options(), &records).map_err(|error| format!("cannot write a report: {error}"))?;
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}, seed {}", report::summary(&records), suite.options().seed).map_err(|error| error.to_string())?;
    let broken = records.iter().any(|record| matches!(record.verdict, Verdict::HarnessError(_)));
    Ok(if broken { ExitCode::from(2) } else { conclusion.exit_code() })
}

fn completion(record: &Record, require_all: bool) -> Result<Completion, Failed> {
    match &record.verdict {
        Verdict::Passed => Ok(Completion::Completed),
        Verdict::Failed(_) => Err(record.explain().into()),
        Verdict::KnownFailure(_) => Ok(Completion::ignored_with("known failure")),
        Verdict::Skipped(reason) if require_all => {
            Err(format!("skipped, and --require-all was given: {reason}").into())
        }
        Verdict::Skipped(reason) => Ok(Completion::ignored_with(reason)),
        Verdict::HarnessError(error) => Err(format!("harness error: {error}").into()),
    }
}
