use std::ops::Range;
use std::sync::LazyLock;

use bytes::Bytes;
use fastestmcp_core::backend::At;
use fastestmcp_core::error::StoreResult;
use fastestmcp_core::event::{Keep, Offset};
use fastestmcp_core::time::millis;

use super::topic_place;
use crate::call::Call;
use crate::error::Failure;
use crate::reply::Reply;
use crate::script::{Access, LINEAGE, Script};
use crate::store::RedisStore;

static SCRIPT: LazyLock<Script> =
    LazyLock::new(|| Script::with(Access::Write, LINEAGE, include_str!("../../scripts/event_append.lua")));

const OPERATION: &str = "append";

pub(super) async fn run(
    store: &RedisStore,
    topic: &str,
    events: &[Bytes],
    keep: Keep,
) -> StoreResult<At<Range<Offset>>> {
    let (place, stream) = topic_place(store.parts(), topic);
    let mut call = Call::new(&SCRIPT, store.parts().tag(place.part), &["topics", "ends", &stream]);
    call.args.push(place.digest);
    call.args.push_number(keep.count.into());
    call.args.push_number(millis(keep.age));
    call.args.push_number(keep.max_bytes.unwrap_or(u64::MAX));
    events.iter().for_each(|event| call.args.push(event));
    let reply = store.write(OPERATION, call).await?;
    let read = |reply| {
        let mut reply = Reply::of("event_append", reply)?;
        let (now, first) = (reply.time()?, reply.number()?);
        Ok(At::new(now, Offset(first)..Offset(first + events.len() as u64)))
    };
    read(reply).map_err(|failure: Failure| failure.of_write(OPERATION))
}
