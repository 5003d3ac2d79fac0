use std::time::Duration;

use fastestmcp_core::task::{NewTask, ReplaceRequest, Then, Token};
use fastestmcp_core::time::millis;

use super::head::{NEVER, digest, names};

/// Fields of a request, packed as the scripts unpack them.
#[derive(Debug, Default)]
struct Packed(Vec<u8>);

impl Packed {
    fn byte(mut self, byte: u8) -> Self {
        self.0.push(byte);
        self
    }

    /// A number below 2^53. What a caller gives above that is as wrong as 2^53 - 1, which nothing stored ever is.
    fn number(mut self, number: u64) -> Self {
        self.0.extend_from_slice(&number.min(NEVER).to_be_bytes()[1..]);
        self
    }

    fn span(self, span: Duration) -> Self {
        self.number(millis(span))
    }

    /// Bytes after their number, of which there are at most a few thousand.
    fn counted(self, bytes: &[u8]) -> Self {
        self.bytes(&u16::try_from(bytes.len()).unwrap_or(u16::MAX).to_be_bytes()).bytes(bytes)
    }

    fn bytes(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes);
        self
    }
}

/// `REQUEST` of `scripts/task_insert.lua`.
pub(super) fn insert(task: &NewTask) -> Vec<u8> {
    let key = task.idempotency.as_ref();
    let rest = Packed::default()
        .bytes(&digest(&task.queue))
        .byte(9 - task.priority.min(9))
        .bytes(&size(task.spec.len()).to_be_bytes());
    let rest = match key {
        Some(wanted) => rest.byte(16).bytes(&digest(&wanted.key)),
        None => rest.byte(0),
    };
    let rest = rest.bytes(&names(&task.owner, task.session.as_deref(), &task.queue)).0;
    Packed::default()
        .byte(task.status)
        .span(task.delay)
        .number(task.ttl.map_or(NEVER, millis))
        .number(task.quota.map_or(NEVER, u64::from))
        .bytes(&digest(key.map_or("", |wanted| &wanted.digest)))
        .bytes(&digest(task.owner.as_str()))
        .counted(&rest)
        .0
}

/// The size of a value, which is at most a few MiB.
fn size(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}

/// `REQUEST` of `scripts/task_replace.lua`.
pub(super) fn replace(request: &ReplaceRequest) -> Vec<u8> {
    let guard = &request.guard;
    let (phase, span) = match request.then {
        Then::KeepLease => (0, Duration::ZERO),
        Then::Runnable { delay } => (1, delay),
        Then::Waiting { at_most: Some(at_most) } => (2, at_most),
        Then::Waiting { at_most: None } => (3, Duration::ZERO),
        Then::Terminal { retain } => (4, retain),
    };
    Packed::default()
        .number(guard.version.0)
        .byte(u8::from(guard.token.is_some()))
        .number(guard.token.map_or(0, |token| token.0))
        .byte(request.status)
        .byte(phase)
        .span(span)
        .0
}

/// `REQUEST` of `scripts/task_renew.lua`.
pub(super) fn renew(token: Token, lease: Duration) -> Vec<u8> {
    Packed::default().number(token.0).span(lease).0
}
