//! Random sequences of operations, compared with the reference model and shrunk to a minimal one.

use std::fmt::Debug;

use fastestmcp_core::backend::At;
use proptest::strategy::Strategy;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};
use tokio::runtime::Handle;
use tokio::task::block_in_place;

use crate::brief::brief;
use crate::halt::{CaseResult, Halt};
use crate::scene::Scene;

/// Plays `sequences` random sequences; `play` answers with the first difference it saw, if any. What fails is shrunk.
pub(crate) fn explore<S>(
    scene: &Scene,
    sequences: usize,
    strategy: S,
    play: impl AsyncFn(&[S::Value]) -> Result<Option<String>, Halt>,
) -> CaseResult
where
    S: Strategy,
    S::Value: Clone + Debug,
{
    let config = Config {
        cases: u32::try_from(sequences).unwrap_or(u32::MAX),
        max_shrink_iters: 300,
        failure_persistence: None,
        ..Config::default()
    };
    let mut seed = [0; 32];
    seed[..8].copy_from_slice(&scene.seed().to_be_bytes());
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &seed));
    let steps = proptest::collection::vec(strategy, 1..40);
    let handle = Handle::current();
    let ended = block_in_place(|| {
        runner.run(&steps, |steps| match handle.block_on(play(&steps)) {
            Ok(None) => Ok(()),
            Ok(Some(difference)) => Err(TestCaseError::fail(difference)),
            Err(Halt::Store(error)) => Err(TestCaseError::fail(format!("a value was due, not the error: {error}"))),
            Err(Halt::Wrong(what) | Halt::Skip(what) | Halt::Harness(what)) => Err(TestCaseError::fail(what)),
        })
    });
    match ended {
        Ok(()) => Ok(()),
        Err(TestError::Fail(reason, minimal)) => {
            let lines: Vec<_> = minimal.iter().map(|step| format!("\n      {step:?}")).collect();
            scene.violation(format!("{}; after{}", reason.message(), lines.concat()));
            Ok(())
        }
        Err(TestError::Abort(reason)) => Err(Halt::Harness(format!("proptest gave up: {}", reason.message()))),
    }
}

/// A number in an answer, and what it numbers: numbers of different things are free to coincide.
pub(crate) type Drawn<'a> = (String, &'a mut u64);

/// Numbers that a store drew and the model's for the same writes: whatever a store counts by, the two correspond and
/// rise together.
#[derive(Debug, Default)]
pub(crate) struct Twins(Vec<Pair>);

#[derive(Debug)]
struct Pair {
    of: String,
    model: u64,
    store: u64,
}

impl Twins {
    /// The first difference between two answers once the store's numbers are translated to the model's.
    pub(crate) fn compare<T: PartialEq + Debug + Clone>(
        &mut self,
        mut store: At<T>,
        model: At<T>,
        numbers: impl Fn(&mut T) -> Vec<Drawn<'_>>,
    ) -> Option<String> {
        let mut copy = model.value.clone();
        let of_model: Vec<u64> = numbers(&mut copy).into_iter().map(|(_, number)| *number).collect();
        for (index, (of, number)) in numbers(&mut store.value).into_iter().enumerate() {
            // What does not correspond stays as the store drew it, so that the comparison shows it.
            if let Some(twin) = self.twin(of, *number, of_model.get(index).copied()) {
                *number = twin;
            }
        }
        (store != model).then(|| format!("the store answers {}, the model {}", brief(&store), brief(&model)))
    }

    fn twin(&mut self, of: String, store: u64, wanted: Option<u64>) -> Option<u64> {
        let mut known = self.0.iter().filter(|pair| pair.of == of);
        if let Some(pair) = known.clone().find(|pair| pair.store == store) {
            return Some(pair.model);
        }
        let model = wanted.filter(|model| known.all(|pair| (pair.model < *model) == (pair.store < store)))?;
        self.0.push(Pair { of, model, store });
        Some(model)
    }

    /// The `nth` number of `of`, counted from the newest, as (model, store).
    pub(crate) fn nth_newest(&self, of: &str, nth: usize) -> Option<(u64, u64)> {
        let pairs = self.0.iter().rev().filter(|pair| pair.of == of);
        pairs.map(|pair| (pair.model, pair.store)).nth(nth)
    }

    /// The store's number for the model's number of `of`.
    pub(crate) fn of_store(&self, of: &str, model: u64) -> Option<u64> {
        self.0.iter().find(|pair| pair.of == of && pair.model == model).map(|pair| pair.store)
    }
}
