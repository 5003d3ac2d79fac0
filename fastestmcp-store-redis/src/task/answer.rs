use std::vec::IntoIter;

use bytes::Bytes;
use fastestmcp_core::backend::At;
use fastestmcp_core::ids::TaskId;
use fastestmcp_core::task::{Part, TaskHead, TaskRecord};
use fastestmcp_core::time::StoreTime;
use redis::Value;

use super::head::{decode, text};
use crate::error::Failure;

pub(super) const STRANGE: Failure = Failure::Reply("a task script");

/// What a script answered, read field by field.
#[derive(Debug)]
pub(super) struct Answer(IntoIter<Value>);

impl Answer {
    /// An answer whose first field is the store's time.
    pub(super) fn at(reply: Value) -> Result<At<Self>, Failure> {
        let mut answer = Self::new(reply)?;
        Ok(At::new(StoreTime::from_millis(answer.number()?), answer))
    }

    fn new(value: Value) -> Result<Self, Failure> {
        match value {
            Value::Array(fields) => Ok(Self(fields.into_iter())),
            _ => Err(STRANGE),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn next(&mut self) -> Result<Value, Failure> {
        self.0.next().ok_or(STRANGE)
    }

    pub(super) fn number(&mut self) -> Result<u64, Failure> {
        self.optional_number()?.ok_or(STRANGE)
    }

    /// A number; none if it is negative.
    pub(super) fn optional_number(&mut self) -> Result<Option<u64>, Failure> {
        match self.next()? {
            Value::Int(number) => Ok(u64::try_from(number).ok()),
            _ => Err(STRANGE),
        }
    }

    pub(super) fn bytes(&mut self) -> Result<Bytes, Failure> {
        match self.next()? {
            Value::BulkString(bytes) => Ok(bytes.into()),
            _ => Err(STRANGE),
        }
    }

    pub(super) fn nested(&mut self) -> Result<Self, Failure> {
        Self::new(self.next()?)
    }

    /// As [`Self::nested`]; none if the script answered `false`.
    pub(super) fn optional(&mut self) -> Result<Option<Self>, Failure> {
        match self.next()? {
            Value::Nil => Ok(None),
            value => Self::new(value).map(Some),
        }
    }

    pub(super) fn id(&mut self) -> Result<TaskId, Failure> {
        text(&self.bytes()?).map(TaskId::new)
    }

    pub(super) fn head(&mut self, id: TaskId) -> Result<TaskHead, Failure> {
        decode(id, &self.bytes()?)
    }

    /// Head, state and spec, as far as `part` has them.
    pub(super) fn record(&mut self, id: TaskId, part: Part) -> Result<TaskRecord, Failure> {
        let head = self.head(id)?;
        let state = if part.has_state() { Some(self.bytes()?) } else { None };
        let spec = if part.has_spec() { Some(self.bytes()?) } else { None };
        Ok(TaskRecord { head, spec, state })
    }
}
