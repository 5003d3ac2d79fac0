use fastestmcp_core::limits::Limits;
use fastestmcp_core::session::{Loaded, Scope, ScopeInfo, ScopeKind, Touch};

use super::entry;
use super::scope::StoredScope;
use crate::error::Failure;
use crate::reader::ReadOperation;
use crate::snapshot::{Snapshot, millis};
use crate::writer::{WriteOperation, WriteTx};

#[derive(Clone, Debug)]
pub(super) struct Load {
    scope: Scope,
    keys: Vec<String>,
    limits: Limits,
}

impl Load {
    pub(super) fn new(scope: &Scope, keys: &[&str], limits: &Limits) -> Self {
        let keys = keys.iter().map(|&key| key.to_owned()).collect();
        Self { scope: scope.clone(), keys, limits: limits.clone() }
    }

    fn read_from(&self, snapshot: &Snapshot<'_>, found: Option<StoredScope>) -> Result<Loaded, Failure> {
        let Some(StoredScope { id, info }) = found else {
            let scope = (self.scope.kind == ScopeKind::System).then_some(ScopeInfo::SYSTEM);
            return Ok(Loaded { scope, entries: vec![None; self.keys.len()] });
        };
        let (mut entries, mut bytes) = (Vec::with_capacity(self.keys.len()), 0);
        for key in &self.keys {
            let entry = entry::find_live(snapshot, id, key)?;
            bytes += entry.as_ref().map_or(0, |entry| entry.value.len());
            self.limits.check_answer(bytes)?;
            entries.push(entry);
        }
        Ok(Loaded { scope: Some(info), entries })
    }
}

impl ReadOperation for Load {
    type Answer = Loaded;
    const NAME: &'static str = "load";

    fn run(&self, snapshot: &Snapshot<'_>) -> Result<Loaded, Failure> {
        self.read_from(snapshot, StoredScope::find_live(snapshot, &self.scope)?)
    }
}

/// A load that slides the deadline: the same, in a write transaction.
#[derive(Debug)]
pub(super) struct TouchingLoad {
    pub(super) load: Load,
    pub(super) touch: Touch,
}

impl WriteOperation for TouchingLoad {
    type Answer = Loaded;
    const NAME: &'static str = "load";
    /// Visible to every handle before the answer, but a loss of power may undo it (S1).
    const DURABLE: bool = false;

    fn apply(&mut self, tx: &WriteTx<'_>) -> Result<Loaded, Failure> {
        let mut found = StoredScope::find_live(tx, &self.load.scope)?;
        if let Some(scope) = &mut found
            && let Some(deadline) = self.touch.moves(tx.now, &scope.info)
        {
            tx.statement(include_str!("../../sql/scope_touch.sql"))?.execute((scope.id, millis(deadline)))?;
            scope.info.expires = Some(deadline);
        }
        self.load.read_from(tx, found)
    }
}
