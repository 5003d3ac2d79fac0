use std::fmt::Display;
use std::time::Duration;

use super::{Report, Storm, Terms};
use crate::harness::Node;

/// How long stores may take to serve every caller again once their servers are back.
const BACK: Duration = Duration::from_secs(5);

/// Load on `nodes` that goes on while `fault`, told how often it came before, comes `times` times. It returns when the
/// servers are up again; then every caller must be answered within 5 s.
///
/// # Errors
/// What was broken: a promise, a caller that is not answered again, the fault itself; or no call failed, so that
/// nothing is proven.
pub async fn endure<E: Display>(
    nodes: Vec<Node>,
    terms: Terms,
    times: usize,
    mut fault: impl AsyncFnMut(usize) -> Result<(), E>,
) -> Result<Report, String> {
    let storm = Storm::start(nodes, terms);
    storm.all_succeed(BACK).await?;
    let mut back = Duration::ZERO;
    for round in 0..times {
        fault(round).await.map_err(|error| error.to_string())?;
        back = back.max(storm.all_succeed(BACK).await?);
        if storm.has_violations() {
            break;
        }
    }
    let report = Report { back, ..storm.end().await };
    if !report.violations.is_empty() {
        return Err(format!("promises were broken: {report:#?}"));
    }
    if report.not_applied + report.unknown == 0 {
        return Err(format!("the fault hit nobody: {report:#?}"));
    }
    Ok(report)
}
