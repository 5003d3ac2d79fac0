use fastestmcp_core::session::{CommitRule, Lifetime, Scope, ScopeInfo, ScopeKind};
use fastestmcp_core::time::StoreTime;
use rusqlite::{OptionalExtension, Row};

use crate::error::Failure;
use crate::snapshot::{Snapshot, millis, moment};
use crate::writer::WriteTx;

/// A scope as it is stored, live or not.
#[derive(Clone, Copy, Debug)]
pub(super) struct StoredScope {
    /// The incarnation, which its entries name.
    pub(super) id: i64,
    pub(super) info: ScopeInfo,
}

impl StoredScope {
    pub(super) fn find(snapshot: &Snapshot<'_>, scope: &Scope) -> Result<Option<Self>, Failure> {
        Ok(snapshot
            .statement(include_str!("../../sql/scope_find.sql"))?
            .query_row((snapshot.namespace, scope.kind.code(), scope.id.as_bytes()), |row| {
                Ok(Self { id: row.get(0)?, info: info(scope.kind, row, 1)? })
            })
            .optional()?)
    }

    /// The scope if it is live.
    pub(super) fn find_live(snapshot: &Snapshot<'_>, scope: &Scope) -> Result<Option<Self>, Failure> {
        Ok(Self::find(snapshot, scope)?.filter(|found| found.is_live(snapshot.now)))
    }

    pub(super) fn is_live(&self, now: StoreTime) -> bool {
        is_live(&self.info, now)
    }

    /// Makes a new incarnation; one that is still stored is buried.
    pub(super) fn create(
        tx: &WriteTx<'_>,
        scope: &Scope,
        rule: CommitRule,
        old: Option<Self>,
    ) -> Result<Self, Failure> {
        if let Some(old) = old {
            bury(tx, old.id)?;
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

/// The life of a scope from three columns: created, expires, ends.
pub(super) fn info(kind: ScopeKind, row: &Row<'_>, first: usize) -> rusqlite::Result<ScopeInfo> {
    if kind == ScopeKind::System {
        return Ok(ScopeInfo::SYSTEM);
    }
    Ok(ScopeInfo {
        created: moment(row.get(first)?),
        expires: row.get::<_, Option<i64>>(first + 1)?.map(moment),
        ends: row.get::<_, Option<i64>>(first + 2)?.map(moment),
    })
}

/// Deadlines never pass `ends`, so the one says it all.
pub(super) fn is_live(info: &ScopeInfo, now: StoreTime) -> bool {
    info.expires.is_none_or(|deadline| deadline > now)
}

/// Removes a scope; its entries, unreachable from now on, are left to the sweep (S5).
pub(crate) fn bury(tx: &WriteTx<'_>, scope: i64) -> Result<(), Failure> {
    tx.statement(include_str!("../../sql/scope_delete.sql"))?.execute([scope])?;
    tx.statement(include_str!("../../sql/grave_insert.sql"))?.execute((scope, tx.namespace))?;
    Ok(())
}

/// Whether a scope holds a key that is not expired.
pub(super) fn holds_live(snapshot: &Snapshot<'_>, scope: i64) -> Result<bool, Failure> {
    Ok(snapshot
        .statement(include_str!("../../sql/scope_holds_live.sql"))?
        .query_row((scope, millis(snapshot.now)), |row| row.get(0))?)
}

/// Removes a System scope that holds nothing: it exists anyway, and its row is only there for its entries.
pub(crate) fn drop_if_empty(tx: &WriteTx<'_>, scope: i64) -> Result<(), Failure> {
    tx.statement(include_str!("../../sql/scope_delete_if_empty.sql"))?.execute((scope, ScopeKind::System.code()))?;
    Ok(())
}
