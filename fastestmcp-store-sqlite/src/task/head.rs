use fastestmcp_core::ids::TaskId;
use fastestmcp_core::principal::Owner;
use fastestmcp_core::session::Version;
use fastestmcp_core::task::{Lease, TaskHead, Token};
use fastestmcp_core::time::StoreTime;
use rusqlite::Row;

use crate::error::Failure;
use crate::snapshot::{Snapshot, moment_at, number_at, optional_moment_at, optional_number_at};

/// Columns of a head in the order that every `task_*.sql` selects them.
const NAME: usize = 1;
const CREATED: usize = 7;
const EXPIRES: usize = 9;
const DUE: usize = 11;
/// What follows the head has this index.
const AFTER_HEAD: usize = 16;

/// A head as it is stored.
#[derive(Clone, Debug)]
pub(super) struct StoredTask {
    /// The row, which spec and state name.
    pub(super) id: i64,
    pub(super) head: TaskHead,
}

/// What is stored under a name.
#[derive(Debug)]
pub(super) enum Found<T> {
    Live(T),
    /// The row of an expired one, which is absent.
    Expired(i64),
}

impl<T> Found<T> {
    pub(super) fn live(self) -> Option<T> {
        match self {
            Self::Live(task) => Some(task),
            Self::Expired(_) => None,
        }
    }
}

impl Found<StoredTask> {
    /// Whatever else is damaged: what is known to be expired is absent.
    pub(super) fn of(row: &Row<'_>, snapshot: &Snapshot<'_>) -> Result<Self, Failure> {
        if snapshot.is_past(row, EXPIRES) {
            return Ok(Self::Expired(row.get(0)?));
        }
        StoredTask::from_row(row).map(Self::Live)
    }
}

impl StoredTask {
    pub(super) fn find(snapshot: &Snapshot<'_>, id: &TaskId) -> Result<Option<Found<Self>>, Failure> {
        let mut statement = snapshot.statement(include_str!("../../sql/task_find.sql"))?;
        let mut rows = statement.query((snapshot.namespace, id.as_str().as_bytes()))?;
        rows.next()?.map(|row| Found::of(row, snapshot)).transpose()
    }

    /// The task unless it is expired.
    pub(super) fn find_live(snapshot: &Snapshot<'_>, id: &TaskId) -> Result<Option<Self>, Failure> {
        Ok(Self::find(snapshot, id)?.and_then(Found::live))
    }

    pub(super) fn is_leased_under(&self, token: Token) -> bool {
        self.head.lease.as_ref().is_some_and(|lease| lease.token == token)
    }

    pub(super) fn from_row(row: &Row<'_>) -> Result<Self, Failure> {
        let lease = match (optional_text(row, 12)?, optional_number_at(row, 13)?) {
            (Some(worker), Some(token)) => Some(Lease { worker, token: Token(token) }),
            _ => None,
        };
        Ok(Self {
            id: row.get(0)?,
            head: TaskHead {
                id: TaskId::new(text(row, NAME)?),
                owner: Owner::new(text(row, 2)?),
                session: optional_text(row, 3)?,
                queue: text(row, 4)?,
                priority: row.get(5)?,
                status: row.get(6)?,
                created: moment_at(row, CREATED)?,
                updated: moment_at(row, 8)?,
                expires: optional_moment_at(row, EXPIRES)?,
                open: row.get(10)?,
                due: optional_moment_at(row, DUE)?,
                lease,
                version: Version(number_at(row, 14)?),
                claims: row.get(15)?,
            },
        })
    }
}

/// The task that holds an idempotency key, with the digest of what was asked under it.
pub(super) fn find_idempotent(
    snapshot: &Snapshot<'_>,
    key: &str,
) -> Result<Option<Found<(StoredTask, String)>>, Failure> {
    let mut statement = snapshot.statement(include_str!("../../sql/task_find_idempotent.sql"))?;
    let mut rows = statement.query((snapshot.namespace, key.as_bytes()))?;
    let Some(row) = rows.next()? else { return Ok(None) };
    Ok(Some(match Found::of(row, snapshot)? {
        Found::Live(task) => Found::Live((task, text(row, AFTER_HEAD)?)),
        Found::Expired(id) => Found::Expired(id),
    }))
}

/// When a row is due: now if that cannot be read, so that somebody comes to see.
pub(super) fn due_of(row: &Row<'_>, now: StoreTime) -> StoreTime {
    optional_moment_at(row, DUE).ok().flatten().unwrap_or(now)
}

/// The id of a damaged task, as far as it can be read.
pub(super) fn name_of(row: &Row<'_>) -> TaskId {
    let bytes = row.get_ref(NAME).ok().and_then(|name| name.as_bytes().ok()).unwrap_or_default();
    TaskId::new(String::from_utf8_lossy(bytes))
}

/// Creation time and id: the sort key of listings.
pub(super) fn anchor_of(row: &Row<'_>) -> Option<Vec<u8>> {
    let created: i64 = row.get(CREATED).ok()?;
    let name = row.get_ref(NAME).ok()?.as_blob().ok()?;
    Some([&created.to_be_bytes(), name].concat())
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
