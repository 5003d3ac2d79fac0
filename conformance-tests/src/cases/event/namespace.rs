//! Two namespaces of one database that use the same names for everything (G8).

use std::time::Duration;

use fastestmcp_core::backend::SweepBudget;
use fastestmcp_core::event::{Keep, Wake};
use fastestmcp_core::ids::Namespace;
use futures_util::StreamExt;
use tokio::time::timeout;

use super::steps::{HOUR, Log, append, events_after, tail, texts, topic};
use crate::broom::sweep_all;
use crate::case::cases;
use crate::halt::{CaseResult, Halt};
use crate::scene::Scene;

cases! { Event, "event.namespace";
    "G8": a_sweep_removes_topics_of_its_own_only,
    "G8": a_topic_that_disappears_is_no_gap_in_another,
    "G8": an_append_trims_its_own_only,
    "G8": a_wake_up_is_heard_in_its_own_only,
}

async fn both(scene: &Scene) -> Result<(Log, Log), Halt> {
    let name = Namespace::new("another").ok_or_else(|| Halt::Harness("a short name is refused".to_owned()))?;
    let node = scene.cluster().node_in(&name, 0).await?;
    let theirs = node.events.ok_or_else(|| Halt::Harness("node_in gave no event log".to_owned()))?;
    Ok((scene.events(0).await?, theirs))
}

async fn a_sweep_removes_topics_of_its_own_only(scene: &Scene) -> CaseResult {
    let (ours, theirs) = both(scene).await?;
    let topic = topic(scene);
    append(&ours, &topic, &["a", "b"], Keep::new(1, HOUR)).await?;
    let kept = append(&theirs, &topic, &["a", "b"], Keep::new(1, HOUR * 2)).await?;
    scene.advance(HOUR);
    let budget = SweepBudget::default();
    scene.same("removed in the other", &sweep_all(scene, &theirs, budget).await?, &0);
    let removed = sweep_all(scene, &ours, budget).await?;
    scene.check(removed >= 1, || "nothing removed of its own".to_owned());
    let left = texts(&events_after(&theirs, &topic, kept.start).await?);
    scene.same("events of the topic of the same name in the other", &left, &vec!["b".to_owned()]);
    Ok(())
}

async fn a_topic_that_disappears_is_no_gap_in_another(scene: &Scene) -> CaseResult {
    let (ours, theirs) = both(scene).await?;
    let (name, waited_for) = (topic(scene), topic(scene));
    append(&ours, &name, &["a", "b"], Keep::new(1, HOUR)).await?;
    let from = tail(&theirs, &waited_for).await?;
    scene.advance(HOUR);
    sweep_all(scene, &ours, SweepBudget::default()).await?;
    let got = events_after(&theirs, &waited_for, from).await?;
    scene.same("events after the tail of a topic that has none", &got, &vec![]);
    append(&theirs, &waited_for, &["first"], Keep::new(1, HOUR)).await?;
    let got = texts(&events_after(&theirs, &waited_for, from).await?);
    scene.same("the first event after the tail", &got, &vec!["first".to_owned()]);
    Ok(())
}

async fn an_append_trims_its_own_only(scene: &Scene) -> CaseResult {
    let (ours, theirs) = both(scene).await?;
    let topic = topic(scene);
    let keep = Keep::new(10_000, HOUR);
    let first = append(&theirs, &topic, &["x"; 20], keep).await?.start;
    let few = Keep::new(1, Duration::ZERO).max_bytes(1);
    for _ in 0..=scene.cluster().thresholds().spare_events / 100 + 1 {
        append(&ours, &topic, &["x"; 100], few).await?;
    }
    let left = events_after(&theirs, &topic, first).await?;
    scene.same("events of the topic of the same name in the other", &left.len(), &19);
    Ok(())
}

/// Hints may be lost, so they are sent until one of their own was heard.
async fn a_wake_up_is_heard_in_its_own_only(scene: &Scene) -> CaseResult {
    let (ours, theirs) = both(scene).await?;
    let (foreign, own) = (scene.name("channel"), scene.name("channel"));
    let mut heard = theirs.listen().await?;
    for _ in 0..20 {
        ours.wake(std::slice::from_ref(&foreign)).await?;
        theirs.wake(std::slice::from_ref(&own)).await?;
        while let Ok(Some(wake)) = timeout(Duration::from_millis(100), heard.next()).await {
            match wake {
                Wake::Channel(channel) if channel == own => return Ok(()),
                Wake::Channel(channel) => {
                    scene.violation(format!("{channel} was heard, which was sent in another namespace"));
                }
                Wake::Reset => {}
            }
        }
    }
    scene.violation("none of 20 wake-ups of its own was heard");
    Ok(())
}
