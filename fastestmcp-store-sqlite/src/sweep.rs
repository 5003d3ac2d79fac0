use fastestmcp_core::backend::{SweepBudget, SweepStep, Swept, sweep_in_steps};
use fastestmcp_core::error::StoreResult;
use fastestmcp_core::session::ScopeKind;

use crate::error::Failure;
use crate::event;
use crate::session::{discard, drop_if_empty};
use crate::snapshot::{millis, number, optional_number_at};
use crate::store::SqliteStore;
use crate::task;
use crate::writer::{WriteOperation, WriteTx};

/// Removes expired data in steps of one transaction each (G14).
pub(crate) async fn run(store: &SqliteStore, budget: SweepBudget) -> StoreResult<Swept> {
    let step = |(), left| async move { Ok(store.transact(Sweep { left }).await?.value) };
    sweep_in_steps([()], 1, budget, store.timeout() / 2, step).await
}

#[derive(Debug)]
struct Sweep {
    left: SweepBudget,
}

impl WriteOperation for Sweep {
    type Answer = SweepStep;
    const NAME: &'static str = "sweep";

    fn apply(&mut self, tx: &WriteTx<'_>) -> Result<SweepStep, Failure> {
        let mut broom = Broom { tx, budget: self.left, rows: 0, bytes: 0 };
        broom.scopes()?;
        broom.entries()?;
        broom.graves()?;
        broom.tasks()?;
        broom.topics()?;
        Ok(SweepStep { rows: broom.rows, bytes: broom.bytes, more: broom.is_full() })
    }
}

struct Broom<'t> {
    tx: &'t WriteTx<'t>,
    budget: SweepBudget,
    rows: usize,
    bytes: usize,
}

impl Broom<'_> {
    fn is_full(&self) -> bool {
        self.rows >= self.budget.max_rows || self.bytes >= self.budget.max_bytes
    }

    fn rows_left(&self) -> i64 {
        number((self.budget.max_rows - self.rows) as u64)
    }

    fn scopes(&mut self) -> Result<(), Failure> {
        for kind in [ScopeKind::Session, ScopeKind::Handle, ScopeKind::Principal] {
            let mut expired = self.tx.statement(include_str!("../sql/scope_expired.sql"))?;
            let key = (self.tx.namespace, kind.code(), millis(self.tx.now), self.rows_left());
            let expired: Vec<i64> = expired.query_map(key, |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
            for scope in expired {
                discard(self.tx, scope)?;
                self.rows += 1;
            }
        }
        Ok(())
    }

    fn entries(&mut self) -> Result<(), Failure> {
        let mut expired = self.tx.statement(include_str!("../sql/entry_expired.sql"))?;
        let key = (self.tx.namespace, millis(self.tx.now), self.rows_left());
        let expired: Vec<(i64, i64, usize)> = expired.query_map(key, dead_entry)?.collect::<rusqlite::Result<_>>()?;
        for (id, scope, bytes) in expired {
            if self.is_full() {
                break;
            }
            self.remove_entry(id, bytes)?;
            drop_if_empty(self.tx, scope)?;
        }
        Ok(())
    }

    fn graves(&mut self) -> Result<(), Failure> {
        while !self.is_full() {
            let mut grave = self.tx.statement(include_str!("../sql/grave_find.sql"))?;
            let mut found = grave.query([self.tx.namespace])?;
            let Some(row) = found.next()? else { break };
            let scope: i64 = row.get(0)?;
            let most = self.rows_left();
            let mut orphans = self.tx.statement(include_str!("../sql/entry_of_scope.sql"))?;
            let orphans: Vec<(i64, i64, usize)> =
                orphans.query_map((scope, most), dead_entry)?.collect::<rusqlite::Result<_>>()?;
            let all = number(orphans.len() as u64) < most;
            for (id, _, bytes) in orphans {
                if self.is_full() {
                    return Ok(());
                }
                self.remove_entry(id, bytes)?;
            }
            if all {
                self.tx.statement(include_str!("../sql/grave_delete.sql"))?.execute([scope])?;
            }
        }
        Ok(())
    }

    fn remove_entry(&mut self, id: i64, bytes: usize) -> Result<(), Failure> {
        self.tx.statement(include_str!("../sql/entry_remove.sql"))?.execute([id])?;
        self.rows += 1;
        self.bytes += bytes;
        Ok(())
    }

    fn tasks(&mut self) -> Result<(), Failure> {
        let mut expired = self.tx.statement(include_str!("../sql/task_expired.sql"))?;
        let key = (self.tx.namespace, millis(self.tx.now), self.rows_left());
        let expired: Vec<i64> = expired.query_map(key, |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
        for task in expired {
            if self.is_full() {
                break;
            }
            self.bytes += task::remove(self.tx, task)?;
            self.rows += 1;
        }
        Ok(())
    }

    fn topics(&mut self) -> Result<(), Failure> {
        while !self.is_full() {
            let (rows, bytes) = (self.budget.max_rows - self.rows, self.budget.max_bytes - self.bytes);
            let Some((rows, bytes)) = event::remove_some_dead(self.tx, rows, bytes)? else { break };
            self.rows += rows;
            self.bytes += bytes;
        }
        Ok(())
    }
}

/// Row, scope and size. Only the row must be readable: a sweep goes on past what is damaged (G16).
fn dead_entry(row: &rusqlite::Row<'_>) -> rusqlite::Result<(i64, i64, usize)> {
    let bytes = optional_number_at(row, 2).ok().flatten().unwrap_or(0);
    Ok((row.get(0)?, row.get(1).unwrap_or(0), usize::try_from(bytes).unwrap_or(usize::MAX)))
}
