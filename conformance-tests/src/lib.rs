#![doc = include_str!("../README.md")]

mod abandon;
mod again;
mod brief;
mod brink;
mod broom;
mod case;
mod cases;
pub mod chaos;
mod engine;
mod halt;
mod harness;
mod history;
mod hostile;
mod journal;
pub mod model;
mod options;
pub mod planted;
mod pulse;
mod random;
mod refusal;
mod rules;
mod scene;
mod seam;
mod sequence;
pub mod stage;
mod step_clock;
pub mod storm;
mod walk;

pub use case::{Case, Level};
pub use engine::{Record, Suite, Verdict, main};
pub use harness::{Cluster, Damage, Fault, Harness, HarnessError, Node, Skew, Thresholds};
pub use options::{Options, Profile};
pub use rules::EDITION;
pub use seam::Seam;

/// The whole case table.
pub fn cases() -> impl Iterator<Item = &'static Case> {
    cases::all()
}

/// Makes a test target with `harness = false` the suite for one backend.
///
/// Also emits a test that fails if `harness = false` was forgotten, because the target would then run no case and be
/// silently green.
///
/// ```no_run
/// # use std::sync::Arc;
/// # use fastestmcp_conformance::{Cluster, Harness, HarnessError};
/// # use fastestmcp_core::time::Clock;
/// struct Mine;
///
/// #[async_trait::async_trait]
/// impl Harness for Mine {
///     const NAME: &'static str = "mine";
///
///     async fn cluster(&self, clock: Arc<dyn Clock>) -> Result<Box<dyn Cluster>, HarnessError> {
/// #       let _ = clock; Err(HarnessError::Failed("an example".to_owned()))
///         // open a fresh data set on `clock`
///     }
/// }
///
/// fastestmcp_conformance::conformance_main!(Mine);
/// ```
#[macro_export]
macro_rules! conformance_main {
    ($harness:expr) => {
        fn main() -> ::std::process::ExitCode {
            $crate::main($harness)
        }

        #[test]
        fn this_test_target_needs_harness_false() {
            panic!("the conformance suite did not run: set `harness = false` for this [[test]] in Cargo.toml");
        }
    };
}
