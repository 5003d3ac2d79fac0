use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use fastestmcp_core::error::Outcome;
use fastestmcp_core::event::{EventLog, Keep, Offset, ReadFrom, TopicRead};

use super::caller::Caller;
use crate::brief::brief;

const ALL: Keep = Keep::new(1_000_000, Duration::from_secs(3_600));
const PAGE: usize = 1_000;

/// Appends rising numbers to a topic of its own, and reads them back in the end.
pub(super) async fn run(caller: Caller, log: Arc<dyn EventLog>) {
    let topic = caller.unique();
    let (mut acknowledged, mut refused) = (Vec::new(), HashSet::new());
    let (mut number, mut end) = (0_u64, Offset(0));
    while caller.goes_on() {
        number += 1;
        match caller.call(log.append(&topic, vec![number.to_string().into()], ALL)).await {
            Some(Ok(answer)) => {
                if answer.value.start < end {
                    caller.violation(format!("offsets {:?} after {end:?}", answer.value));
                }
                end = answer.value.end;
                acknowledged.push((answer.value.start, number));
            }
            Some(Err(error)) if error.outcome == Outcome::NotApplied => drop(refused.insert(number)),
            _ => {}
        }
    }
    if caller.keeps() {
        verify(&caller, &*log, &topic, &acknowledged, &refused).await;
    }
}

async fn verify(
    caller: &Caller,
    log: &dyn EventLog,
    topic: &str,
    acknowledged: &[(Offset, u64)],
    refused: &HashSet<u64>,
) {
    let Some((first, _)) = acknowledged.first() else { return };
    let mut after = Offset(first.0.saturating_sub(1));
    let mut seen = Vec::new();
    loop {
        let asked = [(topic.to_owned(), ReadFrom::After(after))];
        let Some(read) = caller.findings.insist(&caller.name, || log.read(&asked, PAGE)).await else {
            return;
        };
        match read.value.into_iter().next() {
            Some(TopicRead::Events { items, next }) => {
                let (is_last, stays) = (items.is_empty(), next == after);
                seen.extend(
                    items.iter().map(|event| {
                        (event.offset, String::from_utf8_lossy(&event.payload).parse::<u64>().unwrap_or(0))
                    }),
                );
                if is_last || stays {
                    break;
                }
                after = next;
            }
            other => return caller.violation(format!("events were due, got {}", brief(&other))),
        }
    }
    let there: HashSet<_> = seen.iter().copied().collect();
    let lost = acknowledged.iter().filter(|event| !there.contains(*event)).count();
    let applied = seen.iter().filter(|(_, number)| refused.contains(number)).count();
    let numbers: HashSet<_> = seen.iter().map(|(_, number)| number).collect();
    if lost > 0 || applied > 0 || numbers.len() < seen.len() || !seen.is_sorted() {
        let (acknowledged, seen) = (acknowledged.len(), seen.len());
        caller.violation(format!(
            "of {acknowledged} events acknowledged {lost} are lost; of {seen} read {applied} were not applied"
        ));
    }
}
