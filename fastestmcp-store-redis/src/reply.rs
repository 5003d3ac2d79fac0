use bytes::Bytes;
use fastestmcp_core::time::StoreTime;
use redis::Value;

use crate::error::Failure;

/// The reply of one of our scripts, taken apart from front to back.
#[derive(Debug)]
pub(crate) struct Reply {
    script: &'static str,
    values: std::vec::IntoIter<Value>,
}

impl Reply {
    pub(crate) fn of(script: &'static str, reply: Value) -> Result<Self, Failure> {
        let Value::Array(values) = reply else { return Err(Failure::Reply(script)) };
        Ok(Self { script, values: values.into_iter() })
    }

    /// All that is left.
    pub(crate) fn rest(self) -> std::vec::IntoIter<Value> {
        self.values
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.values.len() == 0
    }

    pub(crate) fn value(&mut self) -> Result<Value, Failure> {
        self.values.next().ok_or(Failure::Reply(self.script))
    }

    /// A reply within the reply.
    pub(crate) fn nested(&mut self) -> Result<Self, Failure> {
        Self::of(self.script, self.value()?)
    }

    pub(crate) fn number(&mut self) -> Result<u64, Failure> {
        match self.value()? {
            Value::Int(number) => u64::try_from(number).map_err(|_| Failure::Reply(self.script)),
            _ => Err(Failure::Reply(self.script)),
        }
    }

    pub(crate) fn time(&mut self) -> Result<StoreTime, Failure> {
        self.number().map(StoreTime::from_millis)
    }

    /// Bytes, or nothing.
    pub(crate) fn bytes(&mut self) -> Result<Option<Bytes>, Failure> {
        bytes(self.script, self.value()?)
    }
}

/// Bytes, or nothing.
pub(crate) fn bytes(script: &'static str, value: Value) -> Result<Option<Bytes>, Failure> {
    match value {
        Value::BulkString(bytes) => Ok(Some(bytes.into())),
        Value::Nil => Ok(None),
        _ => Err(Failure::Reply(script)),
    }
}

/// What stands for bytes that are no text.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

/// A name to tell an operator, whatever is in it.
pub(crate) fn shown(name: &[u8]) -> String {
    std::str::from_utf8(name).map_or_else(|_| hex(name), str::to_owned)
}
