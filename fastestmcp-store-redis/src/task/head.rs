use bytes::Buf;
use fastestmcp_core::ids::{TaskId, digest_bytes};
use fastestmcp_core::principal::Owner;
use fastestmcp_core::session::Version;
use fastestmcp_core::task::{Lease, TaskHead, Token};
use fastestmcp_core::time::StoreTime;

use crate::error::Failure;

/// Says "none" where scripts have a time or a number; above every one of them, and exact in Lua.
pub(super) const NEVER: u64 = (1 << 53) - 1;

/// Bytes of a digest.
const DIGEST: usize = 16;

/// The format of a head, its first byte.
const FORMAT: u8 = 1;

pub(super) const UNREADABLE: Failure = Failure::Corrupt("a task cannot be read");

/// What stands for a name in an index: names of any bytes and lengths become ranges that never meet.
pub(super) fn digest(name: &str) -> [u8; DIGEST] {
    let mut digest = [0; DIGEST];
    digest.copy_from_slice(&digest_bytes(&[name.as_bytes()])[..DIGEST]);
    digest
}

/// The part of a head that scripts only pass on.
pub(super) fn names(owner: &Owner, session: Option<&str>, queue: &str) -> Vec<u8> {
    let mut names = Vec::with_capacity(5 + owner.as_str().len() + queue.len() + session.map_or(0, str::len));
    for name in [owner.as_str(), queue] {
        // At most 512 bytes.
        names.extend_from_slice(&u16::try_from(name.len()).unwrap_or(u16::MAX).to_be_bytes());
        names.extend_from_slice(name.as_bytes());
    }
    if let Some(session) = session {
        names.push(1);
        names.extend_from_slice(session.as_bytes());
    }
    names
}

/// Reads a head as `scripts/task_head.lua` packs it.
pub(super) fn decode(id: TaskId, packed: &[u8]) -> Result<TaskHead, Failure> {
    let mut fields = Fields(packed);
    if fields.byte()? != FORMAT {
        return Err(UNREADABLE);
    }
    let (status, open, updated) = (fields.byte()?, fields.byte()? == 1, fields.time()?);
    let (expires, due) = (fields.optional_time()?, fields.optional_time()?);
    let (version, token) = (Version(fields.number(7)?), fields.number(7)?);
    let claims = u32::try_from(fields.number(4)?).map_err(|_| UNREADABLE)?;
    let _state_bytes = fields.number(4)?;
    let mut fixed = Fields(fields.counted(2)?);
    let worker = text(fields.counted(2)?)?;
    let _owner_digest = fixed.take(DIGEST)?;
    let created = fixed.time()?;
    let _queue_digest = fixed.take(DIGEST)?;
    let priority = 9_u8.checked_sub(fixed.byte()?).ok_or(UNREADABLE)?;
    let _spec_bytes = fixed.number(4)?;
    let _key = fixed.counted(1)?;
    let (owner, queue) = (text(fixed.counted(2)?)?, text(fixed.counted(2)?)?);
    let session = match fixed.0 {
        [] => None,
        [_, session @ ..] => Some(text(session)?),
    };
    let lease = (token != 0).then_some(Lease { worker, token: Token(token) });
    let owner = Owner::new(owner);
    Ok(TaskHead {
        id,
        owner,
        session,
        queue,
        priority,
        status,
        created,
        updated,
        expires,
        open,
        due,
        lease,
        version,
        claims,
    })
}

pub(super) fn text(bytes: &[u8]) -> Result<String, Failure> {
    String::from_utf8(bytes.to_vec()).map_err(|_| UNREADABLE)
}

/// What is left to read of a head.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn take(&mut self, bytes: usize) -> Result<&'a [u8], Failure> {
        let (taken, rest) = self.0.split_at_checked(bytes).ok_or(UNREADABLE)?;
        self.0 = rest;
        Ok(taken)
    }

    fn byte(&mut self) -> Result<u8, Failure> {
        Ok(self.take(1)?[0])
    }

    fn number(&mut self, bytes: usize) -> Result<u64, Failure> {
        Ok(self.take(bytes)?.get_uint(bytes))
    }

    /// Bytes after their number.
    fn counted(&mut self, width: usize) -> Result<&'a [u8], Failure> {
        let count = usize::try_from(self.number(width)?).map_err(|_| UNREADABLE)?;
        self.take(count)
    }

    fn time(&mut self) -> Result<StoreTime, Failure> {
        Ok(StoreTime::from_millis(self.number(7)?))
    }

    fn optional_time(&mut self) -> Result<Option<StoreTime>, Failure> {
        let time = self.time()?;
        Ok((time.as_millis() != NEVER).then_some(time))
    }
}
