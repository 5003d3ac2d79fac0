use std::time::Duration;

use hdrhistogram::Histogram;

use crate::report::BenchResult;

/// Rounds of each side; their medians are compared.
pub(crate) const ROUNDS: usize = 5;

/// The median of each side over interleaved rounds. A round of each before counts for nothing, and who goes first
/// alternates.
pub(crate) async fn interleaved(
    mut ours: impl AsyncFnMut() -> BenchResult<f64>,
    mut theirs: impl AsyncFnMut() -> BenchResult<f64>,
) -> BenchResult<(f64, f64)> {
    let (mut our_rounds, mut their_rounds) = (Vec::new(), Vec::new());
    for round in 0..=ROUNDS {
        let (our, their) = if round % 2 == 0 {
            let our = ours().await?;
            (our, theirs().await?)
        } else {
            let their = theirs().await?;
            (ours().await?, their)
        };
        if round > 0 {
            our_rounds.push(our);
            their_rounds.push(their);
        }
    }
    Ok((median(our_rounds), median(their_rounds)))
}

pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Durations from 1 us to a minute, to three digits.
pub(crate) fn histogram() -> Histogram<u64> {
    // The bounds are constants that the constructor accepts.
    Histogram::new_with_bounds(1, 60_000_000, 3)
        .unwrap_or_else(|_| Histogram::new(3).unwrap_or_else(|_| unreachable!()))
}

pub(crate) fn record(histogram: &mut Histogram<u64>, took: Duration) {
    histogram.saturating_record(u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
}

/// A percentile in milliseconds.
pub(crate) fn percentile(histogram: &Histogram<u64>, percent: f64) -> f64 {
    histogram.value_at_percentile(percent) as f64 / 1_000.0
}
