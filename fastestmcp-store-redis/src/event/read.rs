use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use fastestmcp_core::backend::At;
use fastestmcp_core::error::{StoreError, StoreResult};
use fastestmcp_core::event::{Event, Offset, ReadFrom, TopicRead};
use futures_util::{StreamExt, TryStreamExt, stream};
use redis::Value;

use super::topic_place;
use crate::call::Call;
use crate::error::Failure;
use crate::reply::Reply;
use crate::script::{Access, Script};
use crate::store::RedisStore;

static SCRIPT: LazyLock<Script> =
    LazyLock::new(|| Script::new(Access::Read, include_str!("../../scripts/event_read.lua")));

const OPERATION: &str = "read";

/// Parts that are read at once.
const AT_ONCE: usize = 16;

/// One script per part that holds some of the topics. Nothing is promised across topics, so several parts are read at once.
pub(super) async fn run(
    store: &RedisStore,
    topics: &[(String, ReadFrom)],
    limit: usize,
) -> StoreResult<At<Vec<TopicRead>>> {
    let mut parts: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    let places: Vec<_> = topics.iter().map(|(topic, _)| topic_place(store.parts(), topic)).collect();
    for (index, (place, _)) in places.iter().enumerate() {
        parts.entry(place.part).or_default().push(index);
    }
    // What is left of the bytes of this answer. Parts that come too late get none, and are read the next time.
    let left = AtomicUsize::new(store.limits().max_batch_bytes);
    let at_once = AT_ONCE.min(parts.len().max(1));
    let (left, places) = (&left, &places);
    let reads = parts.into_iter().map(|(part, indices)| async move {
        let tag = store.parts().tag(part);
        let mut call = Call::new(&SCRIPT, tag, &["topics"]);
        call.args.push_number(limit as u64);
        call.args.push_number((left.load(Ordering::Relaxed) / at_once) as u64);
        for &index in &indices {
            let (place, stream) = &places[index];
            call.keys.push(tag.key(stream));
            call.args.push(place.digest);
            match topics[index].1 {
                ReadFrom::Tail => call.args.push("t"),
                ReadFrom::After(Offset(offset)) => call.args.push_number(offset),
            }
        }
        let reply = store.read(OPERATION, call).await?;
        let read = read(reply, indices.len()).map_err(|failure| failure.of_read(OPERATION))?;
        let bytes = read.value.iter().map(size).sum();
        let _ = left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| Some(left.saturating_sub(bytes)));
        Ok::<_, StoreError>((indices, read))
    });
    let reads: Vec<_> = stream::iter(reads).buffer_unordered(at_once).try_collect().await?;
    let mut answers: Vec<Option<TopicRead>> = vec![None; topics.len()];
    let mut now = None;
    for (indices, read) in reads {
        now = Some(now.map_or(read.now, |now| read.now.min(now)));
        for (index, answer) in indices.into_iter().zip(read.value) {
            answers[index] = Some(answer);
        }
    }
    let answers: Option<Vec<TopicRead>> = answers.into_iter().collect();
    let answers = answers.ok_or_else(|| Failure::Reply("event_read").of_read(OPERATION))?;
    match now {
        Some(now) => Ok(At::new(now, answers)),
        // Nothing was asked: still the store's time.
        None => Ok(At::new(store.time(OPERATION).await?, answers)),
    }
}

fn size(answer: &TopicRead) -> usize {
    match answer {
        TopicRead::Events { items, .. } => items.iter().map(|event| event.payload.len()).sum(),
        _ => 0,
    }
}

fn read(reply: Value, topics: usize) -> Result<At<Vec<TopicRead>>, Failure> {
    let mut reply = Reply::of("event_read", reply)?;
    let now = reply.time()?;
    let answers = (0..topics).map(|_| topic(reply.nested()?)).collect::<Result<_, _>>()?;
    Ok(At::new(now, answers))
}

fn topic(mut reply: Reply) -> Result<TopicRead, Failure> {
    let gap = reply.number()? == 1;
    let next = Offset(reply.number()?);
    if gap {
        let oldest = if reply.is_empty() { None } else { Some(Offset(reply.number()?)) };
        return Ok(TopicRead::Gap { oldest, next });
    }
    let mut items = Vec::new();
    while !reply.is_empty() {
        let offset = Offset(reply.number()?);
        let payload = reply.bytes()?.ok_or(Failure::Reply("event_read"))?;
        items.push(Event { offset, payload });
    }
    Ok(TopicRead::Events { items, next })
}
