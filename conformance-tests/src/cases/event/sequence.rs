//! Random sequences of appends and reads: every answer is exactly what follows, or a gap where one may be (E1, E2, E4).

use std::time::Duration;

use bytes::Bytes;
use fastestmcp_core::event::{Keep, Offset, ReadFrom, TopicRead};
use fastestmcp_core::time::StoreTime;
use proptest::prelude::*;

use super::steps::{Log, read, topic};
use crate::brief::brief;
use crate::case::cases;
use crate::halt::{CaseResult, Halt};
use crate::scene::Scene;
use crate::sequence::explore;

cases! { Event, "event.sequence";
    "E2": any_read_shows_exactly_what_follows_or_a_gap_where_one_may_be,
}

/// A step; numbers choose from small sets, so that steps meet.
#[derive(Clone, Debug)]
enum Do {
    Append {
        topic: usize,
        count: usize,
    },
    /// From the tail, or after the event so many before the newest.
    Read {
        topic: usize,
        back: Option<usize>,
        limit: usize,
    },
    Advance {
        seconds: u64,
    },
    Sweep,
}

/// One topic without a maximum, and one whose maximum is that of four short events.
const KEEPS: [Keep; 2] = [Keep::new(4, Duration::from_secs(10)), Keep::new(4, Duration::from_secs(10)).max_bytes(12)];

fn steps() -> impl Strategy<Value = Do> {
    prop_oneof![
        4 => (0..2_usize, 1..4_usize).prop_map(|(topic, count)| Do::Append { topic, count }),
        5 => (0..2_usize, proptest::option::of(0..12_usize), 1..6_usize)
            .prop_map(|(topic, back, limit)| Do::Read { topic, back, limit }),
        2 => prop_oneof![Just(1), Just(5), Just(10), Just(30)].prop_map(|seconds| Do::Advance { seconds }),
        1 => Just(Do::Sweep),
    ]
}

/// Everything that was ever appended to a topic.
struct Told {
    name: String,
    keep: Keep,
    events: Vec<(Offset, Bytes, StoreTime)>,
}

impl Told {
    async fn append(&mut self, log: &Log, count: usize) -> Result<Option<String>, Halt> {
        let payloads: Vec<Bytes> = (0..count).map(|index| format!("{}.{index}", self.events.len()).into()).collect();
        let done = log.append(&self.name, payloads.clone(), self.keep).await?;
        let offsets: Vec<Offset> = (done.value.start.0..done.value.end.0).map(Offset).collect();
        let rises = self.events.last().is_none_or(|(last, ..)| done.value.start > *last);
        if offsets.len() != count || !rises {
            let last = self.events.last().map(|(last, ..)| last);
            return Ok(Some(format!("{count} events got {:?} after {last:?}", done.value)));
        }
        self.events.extend(offsets.into_iter().zip(payloads).map(|(offset, payload)| (offset, payload, done.now)));
        Ok(None)
    }

    /// Whether the first of these, which are the newest, had to go for the maximum.
    fn is_beyond_maximum(&self, newest: &[(Offset, Bytes, StoreTime)]) -> bool {
        let bytes: usize = newest.iter().map(|(_, payload, _)| payload.len()).sum();
        newest.len() > 1 && self.keep.max_bytes.is_some_and(|max| bytes as u64 > max)
    }

    async fn read(&self, log: &Log, back: Option<usize>, limit: usize) -> Result<Option<String>, Halt> {
        let Some(number) = back.and_then(|back| self.events.len().checked_sub(back + 1)) else {
            let got = read(log, &self.name, ReadFrom::Tail, limit).await?;
            let nothing = matches!(&got, TopicRead::Events { items, .. } if items.is_empty());
            return Ok((!nothing).then(|| format!("a read of the tail got {}", brief(&got))));
        };
        let (after, newer) = (self.events[number].0, &self.events[number + 1..]);
        let beyond_maximum = self.is_beyond_maximum(newer);
        let now = log.ping().await?;
        match read(log, &self.name, ReadFrom::After(after), limit).await? {
            TopicRead::Events { .. } if beyond_maximum => {
                Ok(Some(format!("no gap after {after:?} although the next event is beyond the maximum")))
            }
            TopicRead::Events { items, next } => {
                let got: Vec<_> = items.into_iter().map(|event| (event.offset, event.payload)).collect();
                let due: Vec<_> =
                    newer.iter().take(limit).map(|(offset, payload, _)| (*offset, payload.clone())).collect();
                let on = due.last().map_or(after, |(offset, _)| *offset);
                let exact = got == due && next == on;
                Ok((!exact).then(|| format!("after {after:?} {due:?} and then {on:?} were due, got {got:?}, {next:?}")))
            }
            TopicRead::Gap { .. } => {
                let old = |at: StoreTime| at.after(self.keep.age) <= now;
                let beyond_count = &newer[..newer.len().saturating_sub(self.keep.count as usize)];
                let trimmed = beyond_count.iter().any(|(.., at)| old(*at));
                // A topic may have vanished whenever nobody wrote it for longer than its age, and everything with it.
                let mut times = self.events[number..].iter().map(|(.., at)| *at).chain([now]);
                let mut before = times.next().unwrap_or(now);
                let idle = times.any(|at| std::mem::replace(&mut before, at).after(self.keep.age) <= at);
                Ok((!trimmed && !idle && !beyond_maximum)
                    .then(|| format!("a gap after {after:?} although everything since must be kept")))
            }
        }
    }
}

async fn any_read_shows_exactly_what_follows_or_a_gap_where_one_may_be(scene: &Scene) -> CaseResult {
    let nodes = [scene.events(0).await?, scene.events(1).await?];
    let play = async |steps: &[Do]| -> Result<Option<String>, Halt> {
        let mut topics = KEEPS.map(|keep| Told { name: topic(scene), keep, events: Vec::new() });
        for (number, step) in steps.iter().enumerate() {
            let log = &nodes[number % 2];
            let problem = match *step {
                Do::Append { topic, count } => topics[topic].append(log, count).await?,
                Do::Read { topic, back, limit } => topics[topic].read(log, back, limit).await?,
                Do::Advance { seconds } => {
                    scene.advance(Duration::from_secs(seconds));
                    None
                }
                Do::Sweep => {
                    log.sweep(Default::default()).await?;
                    None
                }
            };
            if let Some(problem) = problem {
                return Ok(Some(format!("step {number}, {step:?}: {problem}")));
            }
        }
        Ok(None)
    };
    explore(scene, scene.times(48), steps(), play)
}
