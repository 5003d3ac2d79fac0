use std::collections::BTreeSet;

use fastestmcp_core::backend::Site;
use fastestmcp_core::error::{StoreError, StoreErrorKind, StoreResult};
use fastestmcp_core::ids::TaskId;
use fastestmcp_core::session::Scope;
use fastestmcp_core::time::StoreTime;

use super::{Bug, Model, NAME, Space};
use crate::harness::Damage;

/// The records that cannot be read any more (G16).
#[derive(Clone, Debug, Default)]
pub(super) struct Damaged {
    tasks: BTreeSet<TaskId>,
    scopes: BTreeSet<Scope>,
    entries: BTreeSet<(Scope, String)>,
}

impl Damaged {
    pub(super) fn task(&self, id: &TaskId) -> bool {
        self.tasks.contains(id)
    }

    pub(super) fn scope(&self, scope: &Scope) -> bool {
        self.scopes.contains(scope)
    }

    pub(super) fn entry(&self, scope: &Scope, key: &str) -> bool {
        self.entries.iter().any(|(of, damaged)| of == scope && damaged == key)
    }

    pub(super) fn any(&self) -> bool {
        !(self.tasks.is_empty() && self.scopes.is_empty() && self.entries.is_empty())
    }

    fn entry_of(&self, scope: &Scope) -> bool {
        self.entries.iter().any(|(of, _)| of == scope)
    }
}

impl Space {
    pub(super) fn damage(&mut self, record: &Damage) {
        match record {
            Damage::Task(id) => drop(self.damaged.tasks.insert(id.clone())),
            Damage::Scope(scope) => drop(self.damaged.scopes.insert(scope.clone())),
            Damage::Entry(scope, key) => drop(self.damaged.entries.insert((scope.clone(), key.clone()))),
        }
    }

    /// What is made under the same name later is whole.
    pub(super) fn forget_what_is_gone(&mut self) {
        let scopes = &self.sessions.scopes;
        self.damaged.tasks.retain(|id| self.tasks.contains_key(id));
        self.damaged.scopes.retain(|scope| scopes.contains_key(scope));
        self.damaged.entries.retain(|(of, key)| scopes.get(of).is_some_and(|(_, entries)| entries.contains_key(key)));
    }
}

impl Model {
    /// Refuses whoever names a damaged scope or entry.
    pub(super) fn readable(
        &self,
        space: &Space,
        operation: &'static str,
        scope: &Scope,
        keys: &[&str],
        now: StoreTime,
    ) -> StoreResult<()> {
        let live = self.scope(space, scope, now).is_some();
        let named =
            keys.iter().any(|key| space.damaged.entry(scope, key) && self.entry(space, scope, key, now).is_some());
        let spread = live && self.switch.bends(Bug::DamageSpreadsToScope, space.damaged.entry_of(scope) && !named);
        if named || spread || (live && space.damaged.scope(scope)) {
            return Err(corrupt(operation));
        }
        Ok(())
    }

    /// Leaves damaged rows out of a listing; `what` is a task, a scope or an entry.
    pub(super) fn leave_out<T>(
        &self,
        operation: &'static str,
        what: &str,
        rows: &mut Vec<T>,
        damaged: impl Fn(&T) -> bool,
    ) -> StoreResult<()> {
        let Some(first) = rows.iter().position(&damaged) else { return Ok(()) };
        if self.switch.is(Bug::DamageFailsLists) {
            return Err(corrupt(operation));
        }
        if self.switch.is(Bug::DamageEndsWalks) {
            rows.truncate(first);
        }
        Site { backend: NAME, operation }.stepped_over(what, "one");
        rows.retain(|row| !damaged(row));
        Ok(())
    }
}

pub(super) fn corrupt(operation: &'static str) -> StoreError {
    StoreError::new(StoreErrorKind::Corrupt, NAME, operation, "the record is damaged")
}
