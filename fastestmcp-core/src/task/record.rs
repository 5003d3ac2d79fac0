use std::fmt;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::ids::TaskId;
use crate::principal::Owner;
use crate::session::Version;
use crate::time::StoreTime;

/// A fencing token: rises with every claim of any task and never repeats. Below 2^53.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Token(pub u64);

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "t{}", self.0)
    }
}

/// Who holds a task. While it is leased, [`TaskHead::due`] is the end of the lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The worker that claimed it.
    pub worker: String,
    /// The token of that claim.
    pub token: Token,
}

/// What is filtered, ordered or guarded. Backends know no statuses: `status` is an opaque number, and `open`, `due` and
/// `lease` follow from the phases of [`Then`](super::Then) alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskHead {
    /// The id.
    pub id: TaskId,
    /// Who owns it.
    pub owner: Owner,
    /// The session it was created in, as a digest.
    pub session: Option<String>,
    /// The queue it waits in.
    pub queue: String,
    /// 0 to 9; 9 is claimed first.
    pub priority: u8,
    /// Opaque to backends; [`crate::task`] gives it meaning.
    pub status: u8,
    /// When it was inserted.
    pub created: StoreTime,
    /// When it was last replaced. Claims and renewals do not count.
    pub updated: StoreTime,
    /// When it becomes absent; `None` if never.
    pub expires: Option<StoreTime>,
    /// Whether it is not terminal yet: it counts for the owner's quota.
    pub open: bool,
    /// When it becomes claimable: its run-at, the end of its wait or of its lease; `None` if it is not waiting for a time.
    pub due: Option<StoreTime>,
    /// Who holds it, if anybody does. A lease past its end stays shown until somebody reclaims.
    pub lease: Option<Lease>,
    /// Rises with every claim and every replace; never with a renewal.
    pub version: Version,
    /// How often it was claimed.
    pub claims: u32,
}

/// Which parts of a record to read. The head is always there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The head alone.
    Head,
    /// Head and state.
    State,
    /// Head, state and spec.
    All,
}

impl Part {
    /// Whether it includes the state.
    pub const fn has_state(self) -> bool {
        matches!(self, Self::State | Self::All)
    }

    /// Whether it includes the spec.
    pub const fn has_spec(self) -> bool {
        matches!(self, Self::All)
    }
}

/// A task. Spec and state are opaque bytes to backends, and apart, so that a progress write does not rewrite a large
/// request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskRecord {
    /// Filtered, ordered and guarded fields.
    pub head: TaskHead,
    /// Written once: what to do. Present if it was asked for.
    pub spec: Option<Bytes>,
    /// Replaced: how far it is. Present if it was asked for.
    pub state: Option<Bytes>,
}
