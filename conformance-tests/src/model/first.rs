//! The first deadlines that scopes and keys had, for the bugs that go by them ever after.

use std::collections::BTreeMap;

use fastestmcp_core::session::Scope;
use fastestmcp_core::time::StoreTime;

use super::{Bug, Switch};

/// Per scope and key, where the empty key stands for the scope itself.
#[derive(Clone, Debug, Default)]
pub(super) struct FirstDeadlines(BTreeMap<(Scope, String), StoreTime>);

impl FirstDeadlines {
    /// A scope was made: what was known of an earlier one is of no use.
    pub(super) fn born(&mut self, scope: &Scope, expires: Option<StoreTime>) {
        self.0.retain(|(of, _), _| of != scope);
        self.note(scope, "", expires);
    }

    pub(super) fn note(&mut self, scope: &Scope, key: &str, expires: Option<StoreTime>) {
        if let Some(expires) = expires {
            self.0.entry((scope.clone(), key.to_owned())).or_insert(expires);
        }
    }

    /// Whether `bug` is on and the first deadline has come.
    pub(super) fn is_past(&self, switch: &Switch, bug: Bug, scope: &Scope, key: &str, now: StoreTime) -> bool {
        let past = || self.0.get(&(scope.clone(), key.to_owned())).is_some_and(|first| *first <= now);
        switch.has(bug) && switch.bends(bug, past())
    }
}
