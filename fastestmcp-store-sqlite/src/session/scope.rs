use fastestmcp_core::session::{CommitRule, Lifetime, Scope, ScopeInfo, ScopeKind};
use fastestmcp_core::time::StoreTime;
use rusqlite::Row;

use crate::error::Failure;
use crate::snapshot::{Snapshot, millis, moment_at, optional_moment_at};
use crate::writer::WriteTx;

/// A scope as it is stored.
#[derive(Clone, Copy, Debug)]
pub(super) struct StoredScope {
    /// The incarnation, which its entries name.
    pub(super) id: i64,
    pub(super) info: ScopeInfo,
}

/// What is stored under a scope's name.
#[derive(Debug)]
pub(super) enum Found {
    Live(StoredScope),
    /// The incarnation of an expired one, which is absent.
    Expired(i64),
    /// The incarnation of one that cannot be read.
    Damaged(i64, Failure),
}

impl StoredScope {
    pub(super) fn find(snapshot: &Snapshot<'_>, scope: &Scope) -> Result<Option<Found>, Failure> {
        let mut statement = snapshot.statement(include_str!("../../sql/scope_find.sql"))?;
        let mut rows = statement.query((snapshot.namespace, scope.kind.code(), scope.id.as_bytes()))?;
        let Some(row) = rows.next()? else { return Ok(None) };
        let id = row.get(0)?;
        Ok(Some(match live_info(scope.kind, row, 1, snapshot) {
            Ok(Some(info)) => Found::Live(Self { id, info }),
            Ok(None) => Found::Expired(id),
            Err(error) => Found::Damaged(id, error.into()),
        }))
    }

    /// The scope if it is live.
    pub(super) fn find_live(snapshot: &Snapshot<'_>, scope: &Scope) -> Result<Option<Self>, Failure> {
        match Self::find(snapshot, scope)? {
            Some(Found::Live(found)) => Ok(Some(found)),
            Some(Found::Expired(_)) | None => Ok(None),
            Some(Found::Damaged(_, failure)) => Err(failure),
        }
    }

    /// Makes a new incarnation; one that is still stored is discarded.
    pub(super) fn create(tx: &WriteTx<'_>, scope: &Scope, rule: CommitRule, old: Option<i64>) -> Result<Self, Failure> {
        if let Some(old) = old {
            discard(tx, old)?;
        }
        let info = match (scope.kind, rule) {
            (ScopeKind::System, _) | (_, CommitRule::Existing) => ScopeInfo::SYSTEM,
            (_, CommitRule::CreateIfMissing(lifetime) | CommitRule::CreateNew(lifetime)) => born(tx.now, lifetime),
        };
        let id = tx.draw();
        tx.statement(include_str!("../../sql/scope_insert.sql"))?.execute((
            id,
            tx.namespace,
            scope.kind.code(),
            scope.id.as_bytes(),
            millis(info.created),
            info.expires.map(millis),
            info.ends.map(millis),
        ))?;
        Ok(Self { id, info })
    }
}

fn born(now: StoreTime, lifetime: Lifetime) -> ScopeInfo {
    let ends = lifetime.max_life.map(|life| now.after(life));
    let expires = now.after(lifetime.ttl);
    ScopeInfo { created: now, expires: Some(ends.map_or(expires, |ends| expires.min(ends))), ends }
}

/// The life of a live scope from three columns: created, expires, ends. Deadlines never pass `ends`, so the one says it
/// all, and what is known to be expired is absent whatever else is damaged.
pub(super) fn live_info(
    kind: ScopeKind,
    row: &Row<'_>,
    first: usize,
    snapshot: &Snapshot<'_>,
) -> rusqlite::Result<Option<ScopeInfo>> {
    if kind == ScopeKind::System {
        return Ok(Some(ScopeInfo::SYSTEM));
    }
    if snapshot.is_past(row, first + 1) {
        return Ok(None);
    }
    Ok(Some(ScopeInfo {
        created: moment_at(row, first)?,
        expires: optional_moment_at(row, first + 1)?,
        ends: optional_moment_at(row, first + 2)?,
    }))
}

/// Removes a scope; its entries, unreachable from now on, are left to the sweep (S5).
pub(crate) fn discard(tx: &WriteTx<'_>, scope: i64) -> Result<(), Failure> {
    tx.statement(include_str!("../../sql/scope_delete.sql"))?.execute([scope])?;
    tx.statement(include_str!("../../sql/grave_insert.sql"))?.execute((scope, tx.namespace))?;
    Ok(())
}

/// Whether a scope holds a key that is not expired.
pub(super) fn holds_live(snapshot: &Snapshot<'_>, scope: i64) -> Result<bool, Failure> {
    let holds_live: bool = snapshot
        .statement(include_str!("../../sql/scope_holds_live.sql"))?
        .query_row((scope, millis(snapshot.now)), |row| row.get(0))?;
    if !holds_live {
        snapshot.meet_expired();
    }
    Ok(holds_live)
}

/// Removes a System scope that holds nothing: it exists anyway, and its row is only there for its entries.
pub(crate) fn drop_if_empty(tx: &WriteTx<'_>, scope: i64) -> Result<(), Failure> {
    tx.statement(include_str!("../../sql/scope_delete_if_empty.sql"))?.execute((scope, ScopeKind::System.code()))?;
    Ok(())
}
