use fastestmcp_core::ids::TaskId;
use fastestmcp_core::principal::Owner;
use fastestmcp_core::session::Version;
use fastestmcp_core::task::{Lease, TaskHead, Token};
use fastestmcp_core::time::StoreTime;
use rusqlite::Row;

use crate::error::Failure;
use crate::snapshot::{Snapshot, count, moment};

/// The columns of a head in the order that every `task_*.sql` selects them; what follows has this index.
pub(super) const AFTER_HEAD: usize = 16;

/// A head as it is stored, expired or not.
#[derive(Clone, Debug)]
pub(super) struct StoredTask {
    /// The row, which spec and state name.
    pub(super) id: i64,
    pub(super) head: TaskHead,
}

impl StoredTask {
    pub(super) fn find(snapshot: &Snapshot<'_>, id: &TaskId) -> Result<Option<Self>, Failure> {
        let mut statement = snapshot.statement(include_str!("../../sql/task_find.sql"))?;
        let mut rows = statement.query((snapshot.namespace, id.as_str().as_bytes()))?;
        rows.next()?.map(Self::from_row).transpose()
    }

    /// The task unless it is expired.
    pub(super) fn find_live(snapshot: &Snapshot<'_>, id: &TaskId) -> Result<Option<Self>, Failure> {
        Ok(Self::find(snapshot, id)?.filter(|found| found.is_live(snapshot.now)))
    }

    pub(super) fn is_live(&self, now: StoreTime) -> bool {
        self.head.expires.is_none_or(|deadline| deadline > now)
    }

    pub(super) fn is_leased_under(&self, token: Token) -> bool {
        self.head.lease.as_ref().is_some_and(|lease| lease.token == token)
    }

    pub(super) fn from_row(row: &Row<'_>) -> Result<Self, Failure> {
        let lease = match (optional_text(row, 12)?, row.get::<_, Option<i64>>(13)?) {
            (Some(worker), Some(token)) => Some(Lease { worker, token: Token(count(token)) }),
            _ => None,
        };
        Ok(Self {
            id: row.get(0)?,
            head: TaskHead {
                id: TaskId::new(text(row, 1)?),
                owner: Owner::new(text(row, 2)?),
                session: optional_text(row, 3)?,
                queue: text(row, 4)?,
                priority: row.get(5)?,
                status: row.get(6)?,
                created: moment(row.get(7)?),
                updated: moment(row.get(8)?),
                expires: row.get::<_, Option<i64>>(9)?.map(moment),
                open: row.get(10)?,
                due: row.get::<_, Option<i64>>(11)?.map(moment),
                lease,
                version: Version(count(row.get(14)?)),
                claims: row.get(15)?,
            },
        })
    }
}

/// The live task that holds an idempotency key, and the digest of what was asked under it; or the row of an expired one.
pub(super) fn find_idempotent(snapshot: &Snapshot<'_>, key: &str) -> Result<Option<(StoredTask, String)>, Failure> {
    let mut statement = snapshot.statement(include_str!("../../sql/task_find_idempotent.sql"))?;
    let mut rows = statement.query((snapshot.namespace, key.as_bytes()))?;
    rows.next()?.map(|row| Ok((StoredTask::from_row(row)?, text(row, AFTER_HEAD)?))).transpose()
}

fn text(row: &Row<'_>, index: usize) -> Result<String, Failure> {
    optional_text(row, index)?.ok_or(Failure::Corrupt("a task lacks a field"))
}

fn optional_text(row: &Row<'_>, index: usize) -> Result<Option<String>, Failure> {
    let bytes = row.get_ref(index)?.as_blob_or_null().map_err(rusqlite::Error::from)?;
    bytes
        .map(|bytes| String::from_utf8(bytes.to_vec()).map_err(|_| Failure::Corrupt("a field of a task is no UTF-8")))
        .transpose()
}
