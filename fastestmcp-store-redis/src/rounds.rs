use std::future::Future;

use fastestmcp_core::error::{StoreError, StoreResult};

use crate::error::Failure;

/// What a run answers an item: nothing if the reply was full before it, so that nothing was done about it.
pub(crate) type Answered<A> = Option<StoreResult<A>>;

/// Runs what callers do together until each has its answer: those whose answers did not fit into a reply run again. A
/// first run that fails speaks for all of them.
pub(crate) async fn in_rounds<'i, I, A, F>(
    items: &'i [I],
    run: impl Fn(Vec<&'i I>) -> F + Send,
    error: impl Fn(Failure) -> StoreError + Send + Sync,
) -> StoreResult<Vec<StoreResult<A>>>
where
    I: Sync,
    A: Send,
    F: Future<Output = Result<Vec<Answered<A>>, Failure>> + Send,
{
    let mut answers: Vec<Answered<A>> = run(items.iter().collect()).await.map_err(&error)?;
    loop {
        let left: Vec<usize> = (0..answers.len()).filter(|index| answers[*index].is_none()).collect();
        if left.is_empty() {
            return Ok(answers.into_iter().flatten().collect());
        }
        let round = run(left.iter().map(|index| &items[*index]).collect()).await;
        let round = round.and_then(|round| match round.first() {
            Some(Some(_)) if round.len() == left.len() => Ok(round),
            // The first of a run always fits.
            _ => Err(Failure::Reply("a run of several callers")),
        });
        match round {
            Ok(round) => left.into_iter().zip(round).for_each(|(index, answer)| answers[index] = answer),
            Err(failure) => left.into_iter().for_each(|index| answers[index] = Some(Err(error(failure.clone())))),
        }
    }
}
