use bytes::Bytes;
use fastestmcp_core::backend::At;
use fastestmcp_core::ids::TaskId;
use fastestmcp_core::task::{Part, TaskHead, TaskRecord};
use redis::Value;

use super::head::{decode, text};
use crate::error::Failure;
use crate::reply::Reply;

pub(super) const STRANGE: Failure = Failure::Reply("a task script");

/// What a script answered after the store's time, its first field.
pub(super) fn answer(reply: Value) -> Result<At<Reply>, Failure> {
    let mut reply = Reply::of("a task script", reply)?;
    Ok(At::new(reply.time()?, reply))
}

pub(super) fn bytes(reply: &mut Reply) -> Result<Bytes, Failure> {
    reply.bytes()?.ok_or(STRANGE)
}

pub(super) fn id(reply: &mut Reply) -> Result<TaskId, Failure> {
    text(&bytes(reply)?).map(TaskId::new)
}

pub(super) fn head(reply: &mut Reply, id: TaskId) -> Result<TaskHead, Failure> {
    decode(id, &bytes(reply)?)
}

/// Head, state and spec, as far as `part` has them.
pub(super) fn record(reply: &mut Reply, id: TaskId, part: Part) -> Result<TaskRecord, Failure> {
    let head = head(reply, id)?;
    let state = if part.has_state() { Some(bytes(reply)?) } else { None };
    let spec = if part.has_spec() { Some(bytes(reply)?) } else { None };
    Ok(TaskRecord { head, spec, state })
}
