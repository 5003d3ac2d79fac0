//! How scopes and entries are stored: `scripts/session_prelude.lua` says the same in Lua.

use bytes::{Buf, Bytes};
use fastestmcp_core::session::{Entry, Scope, ScopeInfo, ScopeKind, Version};
use fastestmcp_core::time::StoreTime;

use crate::error::Failure;

const FORMAT: u8 = 1;
const SCOPE_BYTES: usize = 26;
const ENTRY_BYTES: usize = 21;

/// A scope as it is stored, live or not.
#[derive(Clone, Debug)]
pub(super) struct StoredScope {
    pub(super) incarnation: u64,
    pub(super) info: ScopeInfo,
    id: Bytes,
}

impl StoredScope {
    pub(super) fn read(kind: ScopeKind, mut record: Bytes) -> Result<Self, Failure> {
        if record.len() < SCOPE_BYTES || record.get_u8() != FORMAT {
            return Err(Failure::Corrupt("a scope"));
        }
        let incarnation = record.get_uint(7);
        let (created, expires, ends) = (moment(&mut record), moment(&mut record), moment(&mut record));
        let info = match kind {
            ScopeKind::System => ScopeInfo::SYSTEM,
            _ => ScopeInfo { created: created.unwrap_or_default(), expires, ends },
        };
        Ok(Self { incarnation, info, id: record })
    }

    pub(super) fn is_live(&self, now: StoreTime) -> bool {
        is_live(self.info.expires, now)
    }

    pub(super) fn scope(&self, kind: ScopeKind) -> Result<Scope, Failure> {
        Ok(Scope::new(kind, text(&self.id)?))
    }
}

/// An entry as it is stored, live or not.
#[derive(Clone, Debug)]
pub(super) struct StoredEntry {
    pub(super) entry: Entry,
    /// The incarnation of the scope that it belongs to.
    incarnation: u64,
}

impl StoredEntry {
    pub(super) fn read(mut record: Bytes, value: Bytes) -> Result<Self, Failure> {
        if record.len() != ENTRY_BYTES || record.get_u8() != FORMAT {
            return Err(Failure::Corrupt("an entry"));
        }
        let version = Version(record.get_uint(7));
        let expires = moment(&mut record);
        let incarnation = record.get_uint(7);
        Ok(Self { entry: Entry { value, version, expires }, incarnation })
    }

    /// The entry, if it belongs to this incarnation and is not expired.
    pub(super) fn live_in(self, scope: &StoredScope, now: StoreTime) -> Option<Entry> {
        (self.incarnation == scope.incarnation && is_live(self.entry.expires, now)).then_some(self.entry)
    }
}

/// A key or an id, from its bytes.
pub(super) fn text(bytes: &[u8]) -> Result<String, Failure> {
    String::from_utf8(bytes.to_vec()).map_err(|_| Failure::Corrupt("a name that is no UTF-8"))
}

fn moment(record: &mut Bytes) -> Option<StoreTime> {
    Some(record.get_uint(6)).filter(|millis| *millis > 0).map(StoreTime::from_millis)
}

fn is_live(deadline: Option<StoreTime>, now: StoreTime) -> bool {
    deadline.is_none_or(|deadline| deadline > now)
}
